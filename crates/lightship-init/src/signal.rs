//! Signals by number and name: those of the manifest, whose numbers are the kernel's.

pub use lightship_model::signal::Signal;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_the_kernels() {
        for (name, number) in [
            ("HUP", libc::SIGHUP),
            ("STKFLT", libc::SIGSTKFLT),
            ("CHLD", libc::SIGCHLD),
            ("TTOU", libc::SIGTTOU),
            ("IO", libc::SIGIO),
            ("SYS", libc::SIGSYS),
        ] {
            assert_eq!(Signal::parse(name).unwrap().number(), number);
        }
    }
}
