//! Work on many things, several at a time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::threads::{self, Need};

/// Does the work on each item, on at most so many threads; the results in the items' order. Where the system
/// gives no further thread, fewer do it; this one always does.
pub(crate) fn side_by_side<T: Sync, R: Send + Sync>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let results: Vec<OnceLock<R>> = items.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let take = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(result)) = (items.get(number), results.get(number)) else {
                return;
            };
            let _ = result.set(work(item));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(items.len()) {
            if threads::start_in(scope, Need::Helpful, take).is_err() {
                break;
            }
        }
        take();
    });
    let done = results.into_iter().map(OnceLock::into_inner);
    done.map(|result| result.expect("each number below the count was taken once, and its result was set"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_worked_on_once_and_the_order_stays() {
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(
            side_by_side(&items, 8, |item| item * 2),
            (0..2000).step_by(2).collect::<Vec<_>>()
        );
        assert_eq!(side_by_side(&[] as &[usize], 8, |item| *item), [] as [usize; 0]);
    }
}
