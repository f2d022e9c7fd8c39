# Packages for each system's own manager, and the signature of a release. packaging/description.py says what is in them.

# The processor of OUT's binary, by the names of PROCESSORS: the one whose compiler of Debian is for this MACHINE, or else by the machine's
# first word, as Alpine's and Fedora's compilers have other names.
FOR_CPU = $(or $(CPU),$(strip $(foreach cpu,$(PROCESSORS),$(if $(filter $(MACHINE)-gcc,$(CC_$(cpu))),$(cpu)))),$(FIRST_CPU))
FIRST_CPU = $(patsubst powerpc64le,ppc64le,$(patsubst i%86,i386,$(firstword $(subst -, ,$(MACHINE)))))

# ---- targets for people

deb: package-deb ## build the package for Debian and Ubuntu, in build/packages; CPU=aarch64: for that processor
rpm: package-rpm ## build the package for Fedora, RHEL and SUSE; needs rpmbuild: make deps FOR=rpm
apk: package-apk ## build the package for Alpine
ipk: package-ipk ## build the package for OpenWrt

KEY    =
PUBLIC = packaging/keys/$(notdir $(KEY:.sec=.pub))
sign: ## sign build/dist/SHA256SUMS with signify's KEY=/path/sockpush-1.sec, as RELEASING.md says
	@NO_INSTALL=1 third_party/install.sh sign
	@packaging/sign.sh '$(or $(KEY),$(error KEY=/path/sockpush-1.sec is missing))' '$(PUBLIC)' build/dist

# ---- targets for make

package-%: all
	@NO_INSTALL=1 third_party/install.sh dist $*
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) packaging/build.py $* $(FOR_CPU) $(TARGET) build/packages
.PHONY: apk deb ipk rpm sign
