//! Work on all processors: the threads, and what runs on them.
//!
//! The threads belong to one process. A forked child has none of its parent's and makes its own;
//! a few values are worked on without any.

use std::convert::Infallible;
use std::mem;
use std::ops::Range;
use std::sync::{Arc, Mutex, TryLockError};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Fewer values are not worth a thread of their own.
const AT_LEAST: usize = 64;
/// More are cut, so that what is computed with them stays in the processor's cache.
const AT_MOST: usize = 1024;
/// So many parts for each thread are there beside the whole: all of them would be it once more.
const AT_ONCE: usize = 32;
/// Of a product of powers, which is the cheaper the longer it is, until its memory is far away.
const LARGEST_PART: usize = 1 << 16;

static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// This process's threads, or none where no thread can be had.
///
/// Nobody waits for the place: a process that was forked while another thread of its parent held
/// it would do so for ever.
fn pool() -> Option<Arc<ThreadPool>> {
    let process = std::process::id();
    let mut place = match POOL.try_lock() {
        Ok(place) => place,
        Err(TryLockError::Poisoned(place)) => place.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    match &*place {
        Some((owner, pool)) if *owner == process => Some(pool.clone()),
        _ => {
            let made = Arc::new(ThreadPoolBuilder::new().build().ok()?);
            // Those of a parent are not to be waited for: they are not here.
            mem::forget(place.replace((process, made.clone())));
            Some(made)
        }
    }
}

/// The values that `op` has for ranges which together are 0 … n − 1, in order.
pub fn ranges<V, F>(n: usize, op: F) -> Vec<V>
where
    V: Send,
    F: Fn(Range<usize>) -> Vec<V> + Send + Sync,
{
    let Ok(values) = try_ranges::<V, Infallible, _>(n, |part| Ok(op(part)));
    values
}

/// As `ranges`, or the first error.
pub fn try_ranges<V, E, F>(n: usize, op: F) -> Result<Vec<V>, E>
where
    V: Send,
    E: Send,
    F: Fn(Range<usize>) -> Result<Vec<V>, E> + Send + Sync,
{
    if n < 2 * AT_LEAST {
        return op(0..n);
    }
    let Some(pool) = pool() else {
        return op(0..n);
    };
    let threads = pool.current_num_threads();
    let size = n.div_ceil(threads).clamp(AT_LEAST, AT_MOST);
    let (count, at_once) = (n.div_ceil(size), AT_ONCE * threads);
    let mut values = Vec::new();
    for first in (0..count).step_by(at_once) {
        let part = |i: usize| op(i * size..n.min((i + 1) * size));
        let some = first..count.min(first + at_once);
        let parts: Vec<Result<Vec<V>, E>> =
            pool.install(|| some.into_par_iter().map(part).collect());
        for part in parts {
            let mut part = part?;
            if first == 0 && values.is_empty() {
                values.reserve_exact(count * part.len());
            }
            values.append(&mut part);
        }
    }
    Ok(values)
}

/// `op` of parts of two equally long vectors, enough of them for all processors.
pub fn parts<T, U, V, F>(a: &[T], b: &[U], op: F) -> Vec<V>
where
    T: Sync,
    U: Sync,
    V: Send,
    F: Fn(&[T], &[U]) -> V + Send + Sync,
{
    if a.len() >= 2 * AT_LEAST
        && let Some(pool) = pool()
    {
        let size = a
            .len()
            .div_ceil(pool.current_num_threads())
            .min(LARGEST_PART);
        let pairs = a.par_chunks(size).zip(b.par_chunks(size));
        return pool.install(|| pairs.map(|(x, y)| op(x, y)).collect());
    }
    vec![op(a, b)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_long_ranges_are_in_order() {
        let n = 1_000_003;
        let squares = ranges(n, |part| part.map(|i| i * i).collect());
        assert!(squares == (0..n).map(|i| i * i).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_error_of_long_ranges_is_found() {
        let n = 1_000_003;
        for bad in [0, 500_000, n - 1] {
            let even = |i: usize| {
                if i == bad || i == n - 1 {
                    Err(i)
                } else {
                    Ok(i)
                }
            };
            assert_eq!(try_ranges(n, |part| part.map(even).collect()), Err(bad));
        }
    }
}
