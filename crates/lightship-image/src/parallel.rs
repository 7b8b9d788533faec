//! Doing the same with several things at once, a few at a time.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does `act` with each of `items`, `at_once` of them at a time; the answers in their order, or the first error.
pub(crate) fn each<T: Sync, R: Send, E: Send>(
    at_once: usize,
    items: &[T],
    act: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let next = Mutex::new(items.iter().enumerate());
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            // The lock is let go before anything is done.
            let Some((index, item)) = lock(&next).next() else { return };
            let result = act(item);
            if result.is_err() {
                // Nobody begins anything more.
                lock(&next).by_ref().for_each(drop);
            }
            lock(&done).push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..at_once.min(items.len()) {
            let builder = thread::Builder::new().name("parallel".to_owned());
            // One fewer is slower, nothing else: this thread works, too.
            drop(builder.spawn_scoped(scope, work));
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_and_an_error_ends_it() {
        let items: Vec<u32> = (0..100).collect();
        let doubled = each(4, &items, |it| Ok::<_, ()>(it * 2)).unwrap();
        assert_eq!(doubled[99], 198);
        let begun = Mutex::new(0);
        let result: Result<Vec<()>, u32> = each(4, &items, |it| {
            *lock(&begun) += 1;
            if *it == 1 { Err(*it) } else { Ok(()) }
        });
        assert_eq!(result, Err(1));
        assert_eq!(each(4, &[], |(): &()| Err::<(), ()>(())), Ok(Vec::new()));
    }
}
