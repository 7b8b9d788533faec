//! What is built, what is run in it, and what it prints.

/// One root.
pub(crate) struct Case {
    /// The slices that it shows: `package:slice`.
    pub(crate) slices: &'static [&'static str],
    /// `packages` of the manifest.
    pub(crate) packages: &'static str,
    /// Commands with a part of what they print.
    pub(crate) runs: &'static [(&'static [&'static str], &'static str)],
}

pub(crate) const CASES: &[Case] = &[
    Case {
        slices: &[
            "bash:bins",
            "base-files:base",
            "base-passwd:accounts",
            "libc-bin:names",
            "libc6:core",
            "ncurses-base:common",
        ],
        packages: r#""bash""#,
        runs: &[
            (&["bash", "-c", "echo $((6 * 7)) $UID ~root"], "42 0 /root"),
            (&["bash", "-c", ". /etc/os-release && echo $ID $VERSION_CODENAME"], "debian bookworm"),
            (&["sh", "-c", "echo $0"], "sh"),
            (
                &["bash", "-c", "test -k /tmp && test -L /var/run && test -d /proc && echo all"],
                "all",
            ),
            (&["bash", "-c", "[ -r /usr/lib/terminfo/x/xterm-256color ] && echo there"], "there"),
        ],
    },
    Case {
        slices: &["dash:sh"],
        packages: r#""dash""#,
        runs: &[(&["/bin/sh", "-c", "echo $((1 + 1))"], "2")],
    },
    Case {
        slices: &["coreutils:bins"],
        packages: r#""coreutils""#,
        runs: &[
            (&["ls", "/usr/bin/ls"], "/usr/bin/ls"),
            (&["expr", "6", "*", "7"], "42"),
            (&["timeout", "5", "stdbuf", "-oL", "printf", "%s", "x"], "x"),
            (&["sha256sum", "/input"], "  /input"),
            (&["id", "-u"], "0"),
            (&["cp", "-av", "/input", "/copy"], "/copy"),
            (&["sort", "-rn", "/input"], "3\n2\n1"),
        ],
    },
    Case {
        slices: &["libc-bin:utf8"],
        packages: r#""bash", { name = "libc-bin", slices = ["utf8"] }"#,
        runs: &[(&["bash", "-c", "export LC_ALL=C.UTF-8; x=aé; echo ${#x}"], "2")],
    },
    Case {
        slices: &["libc-bin:getent", "netbase:names"],
        packages: r#""base-passwd", "netbase", { name = "libc-bin", slices = ["getent"] }"#,
        runs: &[
            (&["getent", "passwd", "root"], "root:*:0:0"),
            (&["getent", "services", "https"], "443/tcp"),
            (&["getconf", "PAGE_SIZE"], "4096"),
        ],
    },
    Case {
        slices: &["libc-bin:iconv", "libc6:gconv"],
        packages: r#"{ name = "libc-bin", slices = ["iconv"] }"#,
        runs: &[
            (&["iconv", "-f", "LATIN1", "-t", "UTF-16", "/input"], "\0"),
            (&["iconv", "-f", "CP1252", "-t", "UTF-8", "/input"], "1\n"),
        ],
    },
    Case {
        slices: &["libc-bin:ldconfig", "libc6:all"],
        packages: r#""bash", { name = "libc-bin", slices = ["ldconfig"] }, { name = "libc6", slices = ["all"] }"#,
        runs: &[
            (&["ldconfig", "-v"], "libc.so.6"),
            (&["ldd", "/usr/bin/bash"], "libtinfo.so.6 =>"),
        ],
    },
    Case {
        slices: &["git:local"],
        packages: r#"{ name = "git", slices = ["local"] }"#,
        runs: &[
            (&["git", "init", "/one"], "Initialized empty"),
            (&["git", "-C", "/one", "config", "user.email", "a@b.c"], ""),
            (&["git", "-C", "/one", "config", "user.name", "a"], ""),
            (&["git", "-C", "/one", "commit", "--allow-empty", "-m", "first"], "first"),
            (&["git", "clone", "file:///one", "/two"], "Cloning into"),
            (&["git", "clone", "/one", "/three"], "done."),
            (&["git", "-C", "/two", "log", "--oneline"], "first"),
        ],
    },
    Case {
        slices: &["git:submodule", "git:bisect", "git:subtree"],
        packages: r#"{ name = "git", slices = ["bisect", "subtree"] }"#,
        runs: &[
            (&["git", "config", "--global", "user.email", "a@b.c"], ""),
            (&["git", "config", "--global", "user.name", "a"], ""),
            (&["git", "config", "--global", "protocol.file.allow", "always"], ""),
            (&["git", "init", "/one"], "Initialized empty"),
            (&["cp", "/input", "/one/file"], ""),
            (&["git", "-C", "/one", "add", "file"], ""),
            (&["git", "-C", "/one", "commit", "-m", "first"], "first"),
            (&["git", "init", "/two"], "Initialized empty"),
            (&["git", "-C", "/two", "submodule", "add", "file:///one", "sub"], "Cloning into"),
            (&["git", "-C", "/two", "submodule", "status"], "sub (heads/"),
            (&["git", "-C", "/two", "commit", "-m", "second"], "create mode 160000 sub"),
            (&["git", "clone", "--recurse-submodules", "file:///two", "/three"], "checked out"),
            (&["git", "-C", "/two", "commit", "--allow-empty", "-m", "third"], ""),
            (&["git", "-C", "/two", "commit", "--allow-empty", "-m", "fourth"], ""),
            (&["git", "-C", "/two", "bisect", "start", "HEAD", "HEAD~2"], "Bisecting"),
            (
                &["git", "-C", "/one", "subtree", "add", "--prefix=t", "file:///three", "HEAD"],
                "Added dir",
            ),
        ],
    },
    Case {
        slices: &["git:https", "git:server", "ca-certificates:bundle"],
        packages: r#""coreutils", { name = "git", slices = ["https", "server"] }"#,
        runs: &[
            (&["git", "--exec-path"], "/usr/lib/git-core"),
            (&["wc", "-l", "/etc/ssl/certs/ca-certificates.crt"], "/etc/ssl"),
            (&["readlink", "-e", "/usr/lib/ssl/cert.pem"], "/etc/ssl/certs/ca-certificates.crt"),
            (&["readlink", "-e", "/usr/lib/git-core/git-remote-https"], "git-remote-http"),
        ],
    },
    Case {
        slices: &["curl:bins"],
        packages: r#""curl""#,
        runs: &[(&["curl", "--version"], "https"), (&["curl", "-s", "file:///input"], "1\n")],
    },
    Case {
        slices: &["jq:bins"],
        packages: r#""jq""#,
        runs: &[(&["jq", "-s", "add", "/input"], "6")],
    },
    Case {
        slices: &["ripgrep:bins"],
        packages: r#""ripgrep""#,
        runs: &[(&["rg", "-P", "-c", "[12]", "/input"], "2")],
    },
    Case {
        slices: &["rsync:bins"],
        packages: r#""rsync""#,
        runs: &[(&["rsync", "-azv", "--checksum", "/input", "/there/"], "input")],
    },
    Case {
        slices: &["tar:bins", "gzip:bins", "xz-utils:bins"],
        packages: r#""tar", "gzip", "xz-utils""#,
        runs: &[
            (&["tar", "-C", "/", "-cJf", "/a.tar.xz", "input"], ""),
            (&["tar", "-tvf", "/a.tar.xz"], "input"),
            (&["tar", "-C", "/", "-czf", "/a.tar.gz", "input"], ""),
            (&["tar", "-C", "/tmp", "-xvf", "/a.tar.gz"], "input"),
            (&["gzip", "-k", "/input"], ""),
            (&["zcat", "/input.gz"], "1\n"),
            (&["gunzip", "-c", "/input.gz"], "1\n"),
            (&["lzma", "--version"], "liblzma"),
        ],
    },
    Case {
        slices: &["tzdata:zones"],
        packages: r#""coreutils", "tzdata""#,
        runs: &[
            (&["env", "TZ=Europe/Berlin", "date", "-d", "@0", "+%H %Z"], "01 CET"),
            (&["date", "-d", "@0", "+%H %Z"], "00 UTC"),
        ],
    },
    Case {
        slices: &["sed:bins"],
        packages: r#""sed""#,
        runs: &[(&["sed", "s/1/one/", "/input"], "one\n2")],
    },
    Case {
        slices: &["grep:bins"],
        packages: r#""grep""#,
        runs: &[
            (&["grep", "-P", "^2$", "/input"], "2"),
            (&["egrep", "1|3", "/input"], "1\n3"),
            (&["fgrep", "3", "/input"], "3"),
        ],
    },
    Case {
        slices: &["findutils:bins"],
        packages: r#""findutils""#,
        runs: &[
            (&["find", "/", "-maxdepth", "1", "-name", "in*", "-size", "-2"], "/input"),
            (&["xargs", "--version"], "xargs"),
        ],
    },
    Case {
        slices: &["diffutils:bins"],
        packages: r#""diffutils""#,
        runs: &[
            (&["cmp", "/input", "/input"], ""),
            (&["diff", "-u", "/input", "/input"], ""),
            (&["diff3", "/input", "/input", "/input"], ""),
        ],
    },
    Case {
        slices: &["mawk:bins"],
        packages: r#""mawk""#,
        runs: &[(&["awk", "{ s += $1 } END { print s }", "/input"], "6")],
    },
    Case {
        slices: &["procps:bins"],
        packages: r#""procps""#,
        runs: &[
            (&["ps", "-e", "-o", "comm"], "ps"),
            (&["free", "-b"], "Mem:"),
            (&["kill", "-L"], "TERM"),
            (&["pgrep", "--version"], "procps"),
            (&["top", "-bn1"], "COMMAND"),
            (&["sysctl", "kernel.ostype"], "Linux"),
        ],
    },
    Case {
        slices: &["debianutils:bins"],
        packages: r#""debianutils""#,
        runs: &[(&["which", "sh"], "/sh"), (&["run-parts", "--test", "/tmp"], "")],
    },
    Case { slices: &["hostname:bins"], packages: r#""hostname""#, runs: &[(&["hostname"], "")] },
    Case {
        slices: &["less:bins"],
        packages: r#""less""#,
        runs: &[(&["less", "-F", "/input"], "1\n2"), (&["pager", "--version"], "less")],
    },
    Case {
        slices: &["openssl:bins"],
        packages: r#""openssl""#,
        runs: &[
            (&["openssl", "dgst", "-sha256", "/input"], "/input"),
            (
                &[
                    "openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x",
                    "-keyout", "/k",
                ],
                "BEGIN CERTIFICATE",
            ),
        ],
    },
];
