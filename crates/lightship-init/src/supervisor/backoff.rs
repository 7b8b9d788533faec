//! How long to wait before something that ended is started again, and when to give up.

use std::collections::VecDeque;
use std::time::Duration;

use lightship_model::manifest::Backoff as Rules;

/// Pauses that double, with a little jitter, and a budget.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    rules: Rules,
    pause: Duration,
    /// When the restarts within the window were granted.
    granted: VecDeque<Duration>,
    jitter: Jitter,
}

impl Backoff {
    pub(super) fn new(rules: Rules, seed: u64) -> Self {
        Self { rules, pause: rules.first, granted: VecDeque::new(), jitter: Jitter(seed | 1) }
    }

    /// The pause before the next start of what ended `now` after it `ran`; nothing when the
    /// budget is spent.
    pub(super) fn grant(&mut self, now: Duration, ran: Duration) -> Option<Duration> {
        if ran >= self.rules.reset {
            self.pause = self.rules.first;
        }
        while self.granted.front().is_some_and(|at| now.saturating_sub(*at) >= self.rules.window) {
            self.granted.pop_front();
        }
        if self.granted.len() >= self.rules.budget.into() {
            return None;
        }
        self.granted.push_back(now);
        let pause = self.pause + self.jitter.of(self.pause);
        self.pause = self.rules.max.min(self.pause * 2);
        Some(pause)
    }
}

/// A xorshift generator: containers that crash together must not come back together.
#[derive(Clone, Debug)]
struct Jitter(u64);

impl Jitter {
    /// 0–10 % of `pause`.
    fn of(&mut self, pause: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let percent = u32::try_from(self.0 >> 32).unwrap_or_default() % 11;
        pause * percent / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn pauses_double_up_to_half_a_minute_with_a_tenth_of_jitter() {
        let mut backoff = Backoff::new(Rules::default(), 7);
        for (index, wanted) in
            [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].iter().enumerate()
        {
            let now = at(100 * u64::try_from(index).unwrap());
            let pause = u64::try_from(backoff.grant(now, at(1)).unwrap().as_millis()).unwrap();
            assert!((*wanted..=wanted * 11 / 10).contains(&pause), "{pause} instead of {wanted}");
        }
    }

    #[test]
    fn what_ran_half_a_minute_begins_with_the_first_pause_again() {
        let mut backoff = Backoff::new(Rules::default(), 7);
        for now in 0..4 {
            assert!(backoff.grant(at(now), at(0)).is_some());
        }
        assert!(backoff.grant(at(99), at(30)).unwrap() < at(1));
    }

    #[test]
    fn the_sixth_restart_within_a_minute_is_refused_and_later_ones_are_not() {
        let mut backoff = Backoff::new(Rules::default(), 7);
        for now in 0..5 {
            assert!(backoff.grant(at(now), at(0)).is_some());
        }
        assert_eq!(backoff.grant(at(59), at(0)), None);
        assert!(backoff.grant(at(60), at(0)).is_some());
    }

    #[test]
    fn every_number_is_the_manifests() {
        let rules = Rules { first: at(2), max: at(3), budget: 3, window: at(10), reset: at(5) };
        let mut backoff = Backoff::new(rules, 7);
        let mut pause = |now, ran| backoff.grant(at(now), at(ran)).map(|pause| pause.as_secs());
        assert_eq!(pause(0, 0), Some(2));
        assert_eq!(pause(1, 4), Some(3));
        assert_eq!(pause(2, 5), Some(2));
        assert_eq!(pause(9, 0), None);
        assert_eq!(pause(10, 0), Some(3));
        let none = Rules { budget: 0, ..rules };
        assert_eq!(Backoff::new(none, 7).grant(at(0), at(99)), None);
    }
}
