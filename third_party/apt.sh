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

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# mirrors: prints the addresses of the machine's package archives, one of which may be Debian's. Fails if Debian's keys are absent.
mirrors() {
    { [ -f "$keyring" ] && command -v apt-get; } >/dev/null || return
    # shellcheck disable=SC2016 # apt-get's own $
    apt-get indextargets --format '$(REPO_URI)' | awk '!/^cdrom:/ && !seen[$0]++'
}

# apt_config_of FILE DIR TYPE MIRROR SUITE: as apt_config, but for this suite of Debian alone (TYPE: deb or deb-src), as if nothing were
# installed. Its signature must be by Debian's keys.
apt_config_of() {
    apt_config "$1" "$2"
    printf 'Dir::Etc::sourcelist "%s/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::State::status "/dev/null";\n' "$2" >>"$1"
    echo "$3 [signed-by=$keyring] $4 $5 main" >"$2/sources.list"
}
