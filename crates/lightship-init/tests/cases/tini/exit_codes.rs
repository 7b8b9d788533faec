use crate::case::Case;
use crate::subject::Need;

fn exit(code: u8) -> Case {
    Case::new().script(&format!("exit {code}"))
}

/// T2
#[test]
fn a_code_that_is_mapped_becomes_0() {
    for code in 0..=255 {
        assert_eq!(exit(code).need(Need::MapExit(code)).run().0, 0, "{code}");
    }
}

/// T3
#[test]
fn the_codes_that_are_not_mapped_stay_what_they_are() {
    for code in 0..=255 {
        let others = (0..=255).filter(|other| *other != code);
        let case = others.fold(exit(code), |case, other| case.need(Need::MapExit(other)));
        assert_eq!(case.run().0, i32::from(code));
    }
}
