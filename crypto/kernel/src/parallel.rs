//! Work on all processors: the threads, and what runs on them.
//!
//! The threads belong to one process. A forked child has none of its parent's and makes its own;
//! a few values are worked on without any.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Fewer values are not worth a thread of their own.
pub const AT_LEAST: usize = 64;

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

/// `op` of every item, in order.
pub fn map<T, V, F>(items: &[T], op: F) -> Vec<V>
where
    T: Sync,
    V: Send,
    F: Fn(&T) -> V + Send + Sync,
{
    if items.len() >= 2 * AT_LEAST
        && let Some(pool) = pool()
    {
        return pool.install(|| items.par_iter().with_min_len(AT_LEAST).map(op).collect());
    }
    items.iter().map(op).collect()
}

/// `op` of every pair of two equally long vectors, in order.
pub fn zip<T, U, V, F>(a: &[T], b: &[U], op: F) -> Vec<V>
where
    T: Sync,
    U: Sync,
    V: Send,
    F: Fn(&T, &U) -> V + Send + Sync,
{
    if a.len() >= 2 * AT_LEAST
        && let Some(pool) = pool()
    {
        let pairs = a.par_iter().with_min_len(AT_LEAST).zip(b);
        return pool.install(|| pairs.map(|(x, y)| op(x, y)).collect());
    }
    a.iter().zip(b).map(|(x, y)| op(x, y)).collect()
}

/// `op` of parts of two equally long vectors, as many as there are processors for.
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
        let size = a.len().div_ceil(pool.current_num_threads());
        let pairs = a.par_chunks(size).zip(b.par_chunks(size));
        return pool.install(|| pairs.map(|(x, y)| op(x, y)).collect());
    }
    vec![op(a, b)]
}
