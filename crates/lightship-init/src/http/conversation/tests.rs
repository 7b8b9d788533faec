use lightship_model::time::Timestamp;

use super::*;

const GET: &str = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(seconds: u64) -> Moment {
    Moment { now: secs(seconds), time: Timestamp::from_millis(0) }
}

fn talk() -> Conversation {
    Conversation::new(Peer::Network { loopback: true }, secs(0))
}

/// Takes the next request, which has to be there.
fn request(talk: &mut Conversation, now: u64) -> Request {
    talk.next_request(at(now), &mut None).expect("no request")
}

/// What is to be written, all at once.
fn written(talk: &mut Conversation, now: u64) -> String {
    let text: Vec<u8> = talk.pending().iter().flat_map(|slice| slice.to_vec()).collect();
    talk.wrote(text.len(), secs(now));
    String::from_utf8(text).unwrap()
}

fn ok() -> Answer {
    Answer::text(200, "ok\n")
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let mut talk = talk();
    for byte in GET.as_bytes() {
        assert_eq!(talk.next_request(at(0), &mut None), None);
        talk.hear(&[*byte], secs(0));
    }
    assert_eq!(request(&mut talk, 0).path, "/livez");
    talk.answer(ok(), at(0));
    assert!(written(&mut talk, 0).ends_with("\r\n\r\nok\n"));
    assert_eq!((talk.memory(), talk.wants()), (0, Wanted::Read), "idle, it costs nothing");
}

#[test]
fn requests_in_a_row_are_answered_in_a_row() {
    let mut talk = talk();
    talk.hear(GET.repeat(3).as_bytes(), secs(0));
    for _ in 0..3 {
        request(&mut talk, 0);
        talk.answer(ok(), at(0));
        assert_eq!(talk.next_request(at(0), &mut None), None, "one after the other");
        assert_eq!((talk.wants(), talk.room()), (Wanted::Write, 0));
        assert!(written(&mut talk, 0).starts_with("HTTP/1.1 200"));
    }
    assert!(!talk.is_over());
}

#[test]
fn head_and_http_1_0_are_answered_as_they_are_asked() {
    let mut talk = talk();
    talk.hear(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.0\r\n\r\n", secs(0));
    request(&mut talk, 0);
    talk.answer(ok(), at(0));
    let head = written(&mut talk, 0);
    assert!(head.contains("Content-Length: 3") && head.ends_with("\r\n\r\n"), "{head}");
    request(&mut talk, 0);
    talk.answer(ok(), at(0));
    let old = written(&mut talk, 0);
    assert!(old.starts_with("HTTP/1.0 200") && old.contains("Connection: close"), "{old}");
    assert!(talk.is_over());
}

#[test]
fn bodies_are_thrown_away_however_they_come() {
    let mut talk = talk();
    let post = "POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234";
    talk.hear(post.as_bytes(), secs(0));
    request(&mut talk, 0);
    talk.answer(ok(), at(0));
    written(&mut talk, 0);
    talk.hear(b"567", secs(0));
    assert_eq!(talk.next_request(at(0), &mut None), None);
    talk.hear(format!("89{GET}").as_bytes(), secs(0));
    assert_eq!(request(&mut talk, 0).path, "/livez");
}

#[test]
fn what_is_no_request_is_refused_and_the_rest_thrown_away() {
    let mut talk = talk();
    talk.hear(b"rubbish\r\n\r\n", secs(0));
    let mut refused = None;
    assert_eq!(talk.next_request(at(0), &mut refused), None);
    assert_eq!(refused, Some(400));
    assert!(written(&mut talk, 0).starts_with("HTTP/1.1 400"));
    assert!(talk.is_lingering());
    talk.hear(GET.as_bytes(), secs(0));
    assert_eq!((talk.next_request(at(0), &mut None), talk.memory()), (None, 0));
    assert_eq!(talk.deadline(), Some(secs(1)));
    talk.expire(at(1));
    assert!(talk.is_over());
}

#[test]
fn a_request_that_does_not_come_to_its_end_has_ten_seconds() {
    let mut silent = talk();
    assert_eq!(silent.deadline(), Some(secs(10)));
    silent.expire(at(9));
    assert!(!silent.is_over());
    silent.expire(at(10));
    assert!(silent.is_over());

    let mut slow = talk();
    for second in 0..10 {
        slow.hear(b"G", secs(second));
    }
    assert_eq!(slow.deadline(), Some(secs(10)), "dripping gains nothing");
    slow.expire(at(10));
    assert!(written(&mut slow, 10).starts_with("HTTP/1.1 408"));
}

#[test]
fn an_idle_connection_has_thirty_seconds_and_a_new_request_ten() {
    let mut talk = talk();
    talk.hear(GET.as_bytes(), secs(5));
    request(&mut talk, 5);
    talk.answer(ok(), at(5));
    written(&mut talk, 6);
    assert_eq!(talk.deadline(), Some(secs(36)));
    talk.hear(b"GET", secs(20));
    assert_eq!(talk.deadline(), Some(secs(30)));
}

#[test]
fn a_client_that_does_not_take_its_answer_is_let_go() {
    let mut talk = talk();
    talk.hear(GET.as_bytes(), secs(0));
    request(&mut talk, 0);
    talk.answer(Answer::text(200, "x".repeat(100_000)), at(1));
    talk.wrote(1000, secs(8));
    assert_eq!(talk.deadline(), Some(secs(18)));
    talk.expire(at(18));
    assert!(talk.is_over());
}

#[test]
fn an_answer_may_go_out_in_any_pieces() {
    let mut talk = talk();
    talk.hear(GET.as_bytes(), secs(0));
    request(&mut talk, 0);
    talk.answer(Answer::text(200, "a page"), at(0));
    let mut text = Vec::new();
    while talk.is_pending() {
        let byte = talk.pending().iter().find_map(|slice| slice.first().copied()).unwrap();
        text.push(byte);
        talk.wrote(1, secs(0));
    }
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\r\n\r\na page"), "{text}");
}

#[test]
fn a_client_that_closed_its_side_still_gets_its_answers() {
    let mut talk = talk();
    talk.hear(GET.repeat(2).as_bytes(), secs(0));
    talk.hear_end();
    for last in [false, true] {
        request(&mut talk, 0);
        talk.answer(ok(), at(0));
        let text = written(&mut talk, 0);
        assert_eq!(text.contains("Connection: close"), last, "{text}");
        assert_eq!(talk.is_over(), last);
    }
    let mut half = self::talk();
    half.hear(b"GET /", secs(0));
    half.hear_end();
    assert_eq!(half.next_request(at(0), &mut None), None);
    assert!(half.is_over());
}

#[test]
fn a_command_is_answered_when_it_is_done_or_not_at_all_in_time() {
    let asked = || {
        let mut talk = talk();
        talk.hear(GET.repeat(2).as_bytes(), secs(0));
        request(&mut talk, 0);
        talk.ask(7, Route::Stop, secs(0));
        assert_eq!(talk.next_request(at(0), &mut None), None, "the next one waits");
        assert_eq!((talk.wants(), talk.room()), (Wanted::Hangup, 0));
        talk
    };
    let mut done = asked();
    assert!(done.awaits(7) && !done.awaits(6));
    done.answer(Answer::done(), at(1));
    assert!(written(&mut done, 1).starts_with("HTTP/1.1 202") && !done.awaits(7));
    request(&mut done, 1);
    let mut late = asked();
    assert!(late.expire(at(30)));
    assert!(written(&mut late, 30).starts_with("HTTP/1.1 504") && !late.awaits(7));
}

#[test]
fn a_stream_beats_and_forgets_what_was_written() {
    let mut talk = talk();
    talk.hear(GET.as_bytes(), secs(0));
    request(&mut talk, 0);
    let head = Answer::new(200, super::super::answer::EVENT_STREAM, "retry: 2000\n\n".to_owned());
    talk.stream(head, Stream { told: None, rights: Rights::default() }, at(0));
    assert!(written(&mut talk, 0).ends_with("\r\n\r\nretry: 2000\n\n"));
    assert_eq!((talk.deadline(), talk.wants()), (Some(secs(15)), Wanted::Read));
    talk.expire(at(15));
    assert_eq!(written(&mut talk, 15), ": still here\n\n");
    assert_eq!(talk.deadline(), Some(secs(30)));
    // Always a little behind, for ever.
    for second in 0..10_000 {
        talk.say(&"x".repeat(100), secs(second));
        talk.wrote(99.min(talk.unwritten() - 1), secs(second));
    }
    assert!(talk.memory() < 64 * 1024, "{}", talk.memory());
    talk.part();
    written(&mut talk, 10_000);
    assert!(talk.is_over());
}

#[test]
fn room_is_made_by_those_who_are_missed_least() {
    let fresh = talk();
    let mut idle = talk();
    idle.hear(GET.as_bytes(), secs(0));
    request(&mut idle, 0);
    idle.answer(ok(), at(0));
    let mut unread = talk();
    unread.hear(GET.as_bytes(), secs(0));
    request(&mut unread, 0);
    unread.answer(ok(), at(0));
    written(&mut idle, 9);
    let newer = Conversation::new(Peer::Network { loopback: true }, secs(1));
    let order = [&idle, &fresh, &newer, &unread].map(|talk| talk.expendable().unwrap());
    assert!(order.is_sorted(), "{order:?}");
    let mut asked = talk();
    asked.ask(1, Route::Stop, secs(0));
    assert_eq!(asked.expendable(), None);
}

#[test]
fn when_all_ends_an_answer_is_the_last_one() {
    let mut busy = talk();
    busy.hear(b"GET / HTTP/1.1\r\n", secs(0));
    let mut idle = talk();
    busy.finish();
    idle.finish();
    assert!(idle.is_over());
    busy.hear(b"Host: x\r\n\r\n", secs(0));
    request(&mut busy, 0);
    busy.answer(ok(), at(0));
    assert!(written(&mut busy, 0).contains("Connection: close"));
    assert!(busy.is_over());
}
