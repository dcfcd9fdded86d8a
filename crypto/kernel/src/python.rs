//! The classes that Python sees, the same for every group.
//!
//! A single value is a vector of one. Bytes in and out are encodings of fixed length, one after the
//! other. `ValueError` tells what is no encoding, no permutation, or of another length.

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arithmetic::Arithmetic;
use crate::ristretto::Ristretto255;
use crate::vectors;

fn same_length(a: usize, b: usize) -> PyResult<()> {
    if a == b || a == 1 || b == 1 {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "vectors of {a} and {b} entries do not combine"
    )))
}

fn decoded<V: Send>(
    bytes: &[u8],
    size: usize,
    decoder: impl Fn(&[u8]) -> Option<V> + Send + Sync,
) -> PyResult<Vec<V>> {
    if !bytes.len().is_multiple_of(size) {
        return Err(PyValueError::new_err(format!(
            "not a multiple of {size} bytes"
        )));
    }
    vectors::decode(bytes, size, decoder)
        .map_err(|place| PyValueError::new_err(format!("entry {place} is not canonical")))
}

fn chosen<V: Copy>(values: &[V], places: &[usize]) -> PyResult<Vec<V>> {
    places
        .iter()
        .map(|&place| values.get(place).copied())
        .collect::<Option<Vec<V>>>()
        .ok_or_else(|| PyIndexError::new_err("no entry at this place"))
}

/// y_i = x_{π(i)}.
fn permuted<V: Copy>(values: &[V], pi: &[usize]) -> PyResult<Vec<V>> {
    let mut seen = vec![false; values.len()];
    for &place in pi {
        match seen.get_mut(place) {
            Some(found) if !*found => *found = true,
            _ => return Err(PyValueError::new_err("not a permutation")),
        }
    }
    if pi.len() != values.len() {
        return Err(PyValueError::new_err("not a permutation"));
    }
    chosen(values, pi)
}

macro_rules! group_module {
    ($module:ident, $group:ty) => {
        #[pymodule]
        pub mod $module {
            use super::*;

            type S = <$group as Arithmetic>::Scalar;
            type P = <$group as Arithmetic>::Point;

            #[pymodule_init]
            fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
                module.add("SCALAR_BYTES", <$group>::SCALAR_BYTES)?;
                module.add("POINT_BYTES", <$group>::POINT_BYTES)?;
                module.add("WIDE_BYTES", <$group>::WIDE_BYTES)?;
                module.add("HASH_BYTES", <$group>::HASH_BYTES)
            }

            /// A vector of scalars.
            #[pyclass(frozen)]
            pub struct Scalars(Vec<S>);

            #[pymethods]
            impl Scalars {
                /// From canonical encodings.
                #[staticmethod]
                fn decode(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
                    py.detach(|| decoded(data, <$group>::SCALAR_BYTES, <$group>::decode_scalar))
                        .map(Self)
                }

                /// From uniform big-endian numbers of WIDE_BYTES, reduced modulo q.
                #[staticmethod]
                fn reduce(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
                    py.detach(|| {
                        decoded(data, <$group>::WIDE_BYTES, |wide| {
                            Some(<$group>::scalar_from_uniform(wide))
                        })
                    })
                    .map(Self)
                }

                /// One vector after the other.
                #[staticmethod]
                fn concat(parts: Vec<PyRef<'_, Scalars>>) -> Self {
                    Self(
                        parts
                            .iter()
                            .flat_map(|part| part.0.iter().copied())
                            .collect(),
                    )
                }

                fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                    let encoder = <$group>::encode_scalar;
                    let size = <$group>::SCALAR_BYTES;
                    PyBytes::new(py, &py.detach(|| vectors::encode(&self.0, size, encoder)))
                }

                fn __len__(&self) -> usize {
                    self.0.len()
                }

                fn equals(&self, other: &Self) -> bool {
                    self.0 == other.0
                }

                fn add(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                    same_length(self.0.len(), other.0.len())?;
                    Ok(Self(py.detach(|| {
                        vectors::pairs(&self.0, &other.0, <$group>::add)
                    })))
                }

                fn sub(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                    same_length(self.0.len(), other.0.len())?;
                    Ok(Self(py.detach(|| {
                        vectors::pairs(&self.0, &other.0, <$group>::sub)
                    })))
                }

                fn mul(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                    same_length(self.0.len(), other.0.len())?;
                    Ok(Self(py.detach(|| {
                        vectors::pairs(&self.0, &other.0, <$group>::mul)
                    })))
                }

                /// 1/x_i; of zero, zero.
                fn inverse(&self) -> Self {
                    Self(self.0.iter().map(<$group>::invert).collect())
                }

                fn sum(&self) -> Self {
                    Self(vec![vectors::sum::<$group>(&self.0)])
                }

                fn prod(&self) -> Self {
                    Self(vec![vectors::scalar_product::<$group>(&self.0)])
                }

                fn running_prod(&self) -> Self {
                    Self(vectors::running_product::<$group>(&self.0))
                }

                fn linear_recursion(&self, b: &Self) -> PyResult<Self> {
                    same_length(self.0.len(), b.0.len())?;
                    Ok(Self(vectors::linear_recursion::<$group>(&self.0, &b.0)))
                }

                fn permute(&self, pi: Vec<usize>) -> PyResult<Self> {
                    permuted(&self.0, &pi).map(Self)
                }

                /// The entries at these places.
                fn take(&self, places: Vec<usize>) -> PyResult<Self> {
                    chosen(&self.0, &places).map(Self)
                }
            }

            /// A vector of members.
            #[pyclass(frozen)]
            pub struct Points(Vec<P>);

            #[pymethods]
            impl Points {
                /// From canonical encodings, the identity included.
                #[staticmethod]
                fn decode(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
                    py.detach(|| decoded(data, <$group>::POINT_BYTES, <$group>::decode_point))
                        .map(Self)
                }

                /// From uniform bytes, HASH_BYTES for each.
                #[staticmethod]
                fn from_uniform(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
                    py.detach(|| {
                        decoded(data, <$group>::HASH_BYTES, |uniform| {
                            Some(<$group>::point_from_uniform(uniform))
                        })
                    })
                    .map(Self)
                }

                #[staticmethod]
                fn generator() -> Self {
                    Self(vec![<$group>::generator()])
                }

                #[staticmethod]
                fn identity() -> Self {
                    Self(vec![<$group>::identity()])
                }

                /// One vector after the other.
                #[staticmethod]
                fn concat(parts: Vec<PyRef<'_, Points>>) -> Self {
                    Self(
                        parts
                            .iter()
                            .flat_map(|part| part.0.iter().copied())
                            .collect(),
                    )
                }

                fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                    let encoder = <$group>::encode_point;
                    let size = <$group>::POINT_BYTES;
                    PyBytes::new(py, &py.detach(|| vectors::encode(&self.0, size, encoder)))
                }

                fn __len__(&self) -> usize {
                    self.0.len()
                }

                fn equals(&self, other: &Self) -> bool {
                    self.0 == other.0
                }

                /// Is one of them the identity?
                fn has_identity(&self) -> bool {
                    let identity = <$group>::identity();
                    self.0.iter().any(|a| *a == identity)
                }

                fn multiply(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                    same_length(self.0.len(), other.0.len())?;
                    Ok(Self(py.detach(|| {
                        vectors::pairs(&self.0, &other.0, <$group>::multiply)
                    })))
                }

                fn divide(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                    same_length(self.0.len(), other.0.len())?;
                    Ok(Self(py.detach(|| {
                        vectors::pairs(&self.0, &other.0, <$group>::divide)
                    })))
                }

                fn power(&self, py: Python<'_>, x: &Scalars) -> PyResult<Self> {
                    same_length(self.0.len(), x.0.len())?;
                    Ok(Self(py.detach(|| vectors::powers::<$group>(&self.0, &x.0))))
                }

                fn prod(&self, py: Python<'_>) -> Self {
                    Self(vec![py.detach(|| vectors::product::<$group>(&self.0))])
                }

                fn vartime_multiexp(&self, py: Python<'_>, x: &Scalars) -> PyResult<Self> {
                    if self.0.len() != x.0.len() {
                        return Err(PyValueError::new_err("not as many exponents as bases"));
                    }
                    let multiexp = vectors::multiexp::<$group>;
                    Ok(Self(vec![py.detach(|| multiexp(&self.0, &x.0))]))
                }

                fn permute(&self, pi: Vec<usize>) -> PyResult<Self> {
                    permuted(&self.0, &pi).map(Self)
                }

                /// The entries at these places.
                fn take(&self, places: Vec<usize>) -> PyResult<Self> {
                    chosen(&self.0, &places).map(Self)
                }
            }
        }
    };
}

group_module!(ristretto255, Ristretto255);
