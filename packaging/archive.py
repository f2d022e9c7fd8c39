"""Archives whose bytes depend on nothing but what is in them: sorted, of root, and of one time."""
import gzip
import io
import lzma
import tarfile


def tar(entries, epoch, *, prefix="", end=True, headers=lambda data: {}):
    """Returns a tar archive of [(path, mode, data)], without `end` to be continued. data is None of a directory. headers(data) returns
    the PAX headers of a file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, mode, data in entries:
            info = tarfile.TarInfo(prefix + path)
            info.mode, info.mtime, info.uname, info.gname = mode, epoch, "root", "root"
            if data is None:
                info.type = tarfile.DIRTYPE
            else:
                info.size, info.pax_headers = len(data), headers(data)
            archive.addfile(info, io.BytesIO(data or b""))
        size = archive.offset
    return out.getvalue() if end else out.getvalue()[:size]


def gz(data):
    """gzip's header has neither a name nor a time."""
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=9, mtime=0) as file:
        file.write(data)
    return out.getvalue()


def xz(data):
    return lzma.compress(data, preset=6)


def ar(members, epoch):
    """Returns an archive of [(name, data)] as ar(5) describes it."""
    out = b"!<arch>\n"
    for name, data in members:
        out += f"{name:<16}{epoch:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return out
