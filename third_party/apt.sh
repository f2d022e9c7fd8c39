#!/bin/sh
# Sourced by the scripts that use apt without root and leave the system's lists and settings alone.

# apt_config FILE DIR: writes the machine's apt settings (sources, proxy, certificates) without its hooks; lists and cache are in DIR. An
# outdated list, or a wrong clock, is accepted: signatures are still checked.
apt_config() {
    mkdir -p "$2/lists/partial" "$2/cache/archives/partial"
    {
        apt-config dump | grep -v -e '::\(Pre\|Post\)-Invoke' -e '^Dir::Etc::\(main\|parts\) ' -e '^Acquire::IndexTargets'
        cat <<-END
			Dir::Etc::main "/dev/null"; Dir::Etc::parts "/dev/null";
			Dir::State::lists "$2/lists"; Dir::Cache "$2/cache";
			APT::Sandbox::User "root"; Debug::NoLocking "1"; APT::Update::Error-Mode "any";
			Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false";
			Acquire::Languages "none"; Acquire::Retries "3"; Acquire::http::Timeout "30"; Acquire::https::Timeout "30";
		END
    } >"$1"
}
