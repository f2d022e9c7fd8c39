/* Reads the tables that netstat.exe reads. */
#ifndef TABLES_H
#define TABLES_H

#include "count/backend.h"

extern const struct backend backend_iphlpapi;

#endif
