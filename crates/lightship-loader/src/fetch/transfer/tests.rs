use super::super::head::ContentRange;
use super::*;

const DIGEST: Want = Want { size: None, limit: None, has_digest: true };

fn etag() -> Validator {
    Validator::Etag("\"a\"".into())
}

fn fresh(want: Want) -> Transfer {
    let mut transfer = Transfer::new(want, 0, None, None);
    assert_eq!(transfer.step(Event::Begin, 0), Action::Ask { from: 0, if_range: None });
    transfer
}

/// A download of 100 bytes of which 40 are there.
fn resumed() -> Transfer {
    let mut transfer = Transfer::new(DIGEST, 40, Some(100), Some(etag()));
    let if_range = Some("\"a\"".to_owned());
    assert_eq!(transfer.step(Event::Begin, 0), Action::Ask { from: 40, if_range });
    transfer
}

fn status(status: u16) -> Event {
    Event::Answer(Head { status, ..Head::default() })
}

fn ok(length: u64) -> Event {
    Event::Answer(Head {
        status: 200,
        length: Some(length),
        validator: Some(etag()),
        ..Head::default()
    })
}

fn rest(start: u64, total: u64, etag: &str) -> Event {
    let range = Some(ContentRange { start: Some(start), total: Some(total) });
    Event::Answer(Head { status: 206, range, etag: Some(etag.into()), ..Head::default() })
}

fn broke(have: u64) -> Event {
    Event::Body { have, broke: Some("connection reset".into()) }
}

const WHOLE: Action = Action::Ask { from: 0, if_range: None };

fn is_final(action: &Action) -> bool {
    matches!(action, Action::GiveUp { retry_can_help: false, .. })
}

#[test]
fn a_file_comes_at_once() {
    let mut transfer = fresh(DIGEST);
    let take = Action::Take { from: 0, total: Some(100), validator: Some(etag()) };
    assert_eq!(transfer.step(ok(100), 0), take);
    assert_eq!(transfer.step(Event::Body { have: 100, broke: None }, 0), Action::Done);
}

#[test]
fn what_broke_off_goes_on_where_it_stopped() {
    let mut transfer = fresh(DIGEST);
    transfer.step(ok(100), 0);
    assert!(matches!(transfer.step(broke(40), 0), Action::Wait { .. }));
    let ask = Action::Ask { from: 40, if_range: Some("\"a\"".into()) };
    assert_eq!(transfer.step(Event::Begin, 0), ask);
    let take = Action::Take { from: 40, total: Some(100), validator: Some(etag()) };
    assert_eq!(transfer.step(rest(40, 100, "\"a\""), 0), take);
    assert_eq!(transfer.step(Event::Body { have: 100, broke: None }, 0), Action::Done);
}

#[test]
fn an_end_before_the_promised_length_is_a_break() {
    let mut transfer = fresh(DIGEST);
    transfer.step(ok(100), 0);
    let early = transfer.step(Event::Body { have: 99, broke: None }, 0);
    assert!(matches!(early, Action::Wait { reason, .. } if reason == "99 of 100 bytes came"));
}

#[test]
fn progress_renews_the_patience_and_the_lack_of_it_spends_it() {
    let mut transfer = fresh(DIGEST);
    for have in 1..50 {
        transfer.step(ok(100), 0);
        assert!(matches!(transfer.step(broke(have), 0), Action::Wait { .. }), "{have}");
    }
    for _ in 0..PATIENCE {
        assert!(matches!(transfer.step(broke(49), 0), Action::Wait { .. }));
    }
    let last = transfer.step(broke(49), 0);
    assert!(matches!(last, Action::GiveUp { retry_can_help: true, .. }), "{last:?}");
}

#[test]
fn a_server_that_always_begins_anew_and_breaks_off_does_not_go_on_for_ever() {
    let mut transfer = fresh(Want { has_digest: false, ..DIGEST });
    let mut requests = 0;
    loop {
        requests += 1;
        transfer.step(Event::Answer(Head { status: 200, ..Head::default() }), 0);
        if matches!(transfer.step(broke(40), 0), Action::GiveUp { .. }) {
            break;
        }
        assert_eq!(transfer.step(Event::Begin, 0), WHOLE, "nothing vouches for a part");
    }
    assert_eq!(requests, 2 + PATIENCE);
}

#[test]
fn a_whole_file_in_answer_to_a_range_replaces_the_part() {
    let take = Action::Take { from: 0, total: Some(70), validator: Some(etag()) };
    assert_eq!(resumed().step(ok(70), 0), take);
}

#[test]
fn a_range_of_another_file_or_of_another_place_is_not_joined() {
    let other =
        [rest(39, 100, "\"a\""), rest(40, 101, "\"a\""), rest(40, 100, "\"b\""), status(206)];
    for answer in other {
        let shown = format!("{answer:?}");
        assert_eq!(resumed().step(answer, 0), WHOLE, "{shown}");
    }
}

#[test]
fn a_range_that_cant_be_given_is_the_end_or_a_new_beginning() {
    let unsatisfied = |total| {
        let range = Some(ContentRange { start: None, total: Some(total) });
        Event::Answer(Head { status: 416, range, ..Head::default() })
    };
    assert_eq!(resumed().step(unsatisfied(40), 0), Action::Done);
    let mut transfer = resumed();
    assert_eq!(transfer.step(unsatisfied(30), 0), WHOLE);
    assert!(is_final(&transfer.step(unsatisfied(30), 0)));
}

#[test]
fn a_part_of_the_full_length_is_not_asked_for() {
    let mut transfer = Transfer::new(DIGEST, 100, Some(100), None);
    assert_eq!(transfer.step(Event::Begin, 0), Action::Done);
    assert_eq!(transfer.step(Event::WrongDigest, 0), WHOLE, "it may be the part that is broken");
    transfer.step(ok(100), 0);
    transfer.step(Event::Body { have: 100, broke: None }, 0);
    assert_eq!(transfer.step(Event::WrongDigest, 0), Action::Refuse);
}

#[test]
fn a_wrong_file_that_came_without_a_length_is_fetched_once_more() {
    let mut transfer = fresh(DIGEST);
    for again in [WHOLE, Action::Refuse] {
        transfer.step(status(200), 0);
        transfer.step(Event::Body { have: 100, broke: None }, 0);
        assert_eq!(transfer.step(Event::WrongDigest, 0), again);
    }
}

#[test]
fn a_server_that_is_busy_is_left_alone_as_long_as_it_asks() {
    let busy = |seconds| {
        let retry_after = Some(Duration::from_secs(seconds));
        Event::Answer(Head { status: 429, retry_after, ..Head::default() })
    };
    let mut transfer = fresh(DIGEST);
    for (asked, waited) in [(7, 7), (100_000, 600)] {
        let Action::Wait { pause, reason } = transfer.step(busy(asked), 9) else { panic!() };
        assert_eq!((pause.as_secs(), reason.as_str()), (waited, "http status: 429"));
    }
    for _ in 2..PATIENCE {
        assert!(matches!(transfer.step(status(503), 0), Action::Wait { .. }));
    }
    assert!(matches!(transfer.step(status(503), 0), Action::GiveUp { retry_can_help: true, .. }));
}

#[test]
fn what_will_not_pass_is_not_tried_again() {
    for code in [301, 304, 400, 401, 403, 404, 410, 416] {
        assert!(is_final(&fresh(DIGEST).step(status(code), 0)), "{code}");
    }
    let refused = Event::NoAnswer { reason: "not an address".into(), passes: false };
    assert!(is_final(&fresh(DIGEST).step(refused, 0)));
}

#[test]
fn another_size_than_the_wanted_one_is_refused_before_a_byte_is_taken() {
    let sized = Want { size: Some(50), ..DIGEST };
    assert!(is_final(&fresh(sized).step(ok(100), 0)));
    let limited = Want { limit: Some(50), ..DIGEST };
    assert!(is_final(&fresh(limited).step(ok(100), 0)));
    // A server that names no length is stopped while it sends.
    let mut transfer = fresh(sized);
    transfer.step(status(200), 0);
    assert!(is_final(&transfer.step(Event::Body { have: 51, broke: None }, 0)));
}

#[test]
fn an_encoding_is_taken_only_where_a_digest_can_tell() {
    let encoded = || {
        let encoding = Some("gzip".to_owned());
        Event::Answer(Head { status: 200, encoding, ..Head::default() })
    };
    assert!(is_final(&fresh(Want::default()).step(encoded(), 0)));
    assert!(matches!(fresh(DIGEST).step(encoded(), 0), Action::Take { .. }));
}

#[test]
fn pauses_double_up_to_a_limit_and_are_spread() {
    assert_eq!(pause(1, 0), PAUSE / 2);
    assert_eq!(pause(1, 255), PAUSE);
    assert_eq!(pause(3, 255), PAUSE * 4);
    assert_eq!(pause(60, 255), LONGEST_PAUSE);
}
