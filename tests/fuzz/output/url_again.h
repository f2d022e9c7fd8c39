/* A URL, written anew. */
#ifndef URL_AGAIN_H
#define URL_AGAIN_H

#include "output/url.h"

/* Writes a URL that has a host in its canonical form, and checks that it is read as the same URL. */
void must_read_url_again(const struct url *url, struct arena *a);

#endif
