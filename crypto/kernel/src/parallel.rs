//! Work on all processors: the threads, and what runs on them.
//!
//! The threads belong to one process. A forked child has none of its parent's and makes its own;
//! a few values are worked on without any.

use std::mem;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Fewer values are not worth a thread of their own.
const AT_LEAST: usize = 64;
/// More are cut, so that what is computed with them stays in the processor's cache.
const AT_MOST: usize = 1024;
/// Of a product of powers, which is the cheaper the longer it is, until its memory is far away.
const LARGEST_PART: usize = 1 << 16;

static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// This process's threads, or none where no thread can be had.
fn pool() -> Option<Arc<ThreadPool>> {
    let process = std::process::id();
    let mut place = POOL.lock().unwrap_or_else(PoisonError::into_inner);
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
    if n < 2 * AT_LEAST {
        return op(0..n);
    }
    let Some(pool) = pool() else {
        return op(0..n);
    };
    let size = n
        .div_ceil(pool.current_num_threads())
        .clamp(AT_LEAST, AT_MOST);
    let parts: Vec<Vec<V>> = pool.install(|| {
        let starts = 0..n.div_ceil(size);
        let part = |i: usize| op(i * size..n.min((i + 1) * size));
        starts.into_par_iter().map(part).collect()
    });
    let mut values = Vec::with_capacity(n);
    values.extend(parts.into_iter().flatten());
    values
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
