//! Vectors of group elements and scalars in native memory, worked on in parallel.
//!
//! It knows groups and nothing else: no proofs, no protocol, no byte trees. Every value that comes
//! from outside passes a strict decoder; nothing here panics on what Python can pass.

#![forbid(unsafe_code)]

mod arithmetic;
mod parallel;
mod python;
mod ristretto;
mod vectors;

pub use arithmetic::Arithmetic;
pub use ristretto::Ristretto255;

#[pyo3::pymodule]
mod sukashi_kernel {
    #[pymodule_export]
    use crate::python::ristretto255;
}
