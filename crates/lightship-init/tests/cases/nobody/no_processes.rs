use crate::case::{Case, Place, is_root};

/// L17
#[test]
fn when_there_may_be_no_more_processes_it_says_so_and_ends() {
    if !is_root("only root can become a user without processes") {
        return;
    }
    for place in Place::BOTH {
        // A user of this test's own, who has this one process and may have no more.
        let user = (1_000_000 + std::process::id()).to_string();
        let as_user = ["setpriv", "--reuid", &user, "--clear-groups", "prlimit", "--nproc=1"];
        let case = Case::new().at(place).through(&as_user).script("echo ran");
        case.let_everybody_in();
        let (code, output) = case.run();
        assert_ne!(code, 0, "{output}");
        assert!(!output.contains("panicked"), "{output}");
        let says_so = ["fork", "Resource temporarily unavailable"];
        assert!(says_so.iter().any(|part| output.contains(part)), "{output}");
    }
}
