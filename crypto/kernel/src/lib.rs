//! Vectors of group elements and scalars in native memory, worked on in parallel.
//!
//! It knows groups and nothing else: no proofs, no protocol, no byte trees. Every value that comes
//! from outside passes a strict decoder; nothing here panics on what Python can pass.

#![forbid(unsafe_code)]

mod arithmetic;
mod nist;
mod parallel;
mod python;
mod ristretto;
mod vectors;
mod windows;

pub use arithmetic::Arithmetic;
pub use nist::{P256, P384};
pub use ristretto::Ristretto255;

#[pyo3::pymodule]
mod sukashi_kernel {
    #[pymodule_export]
    use crate::python::{p256, p384, ristretto255};
}
