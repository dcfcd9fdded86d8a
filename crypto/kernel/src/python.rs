//! The classes that Python sees, the same for every group.
//!
//! A single value is a vector of one. Bytes in and out are encodings of fixed length, one after the
//! other. `ValueError` tells what is no encoding, no permutation, or of another length.

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::arithmetic::Arithmetic;
use crate::nist::{P256, P384};
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

/// Values from `data`, of which each part has `size` bytes behind its fixed ones in `before`.
fn decoded<V: Send>(
    data: &[u8],
    before: &[PyBackedBytes],
    (parts, size): (usize, usize),
    decoder: impl Fn(&[u8]) -> Option<V> + Send + Sync,
) -> PyResult<Vec<V>> {
    let before = fixed(before, parts)?;
    if !data.len().is_multiple_of(vectors::stride(&before, size)) {
        return Err(PyValueError::new_err("bytes of a part of an entry"));
    }
    vectors::decode(data, &before, size, decoder)
        .map_err(|place| PyValueError::new_err(format!("entry {place} is not canonical")))
}

/// One entry for each part of an encoding.
fn fixed(before: &[PyBackedBytes], parts: usize) -> PyResult<Vec<&[u8]>> {
    if before.len() != parts {
        return Err(PyValueError::new_err(format!(
            "encodings have {parts} parts"
        )));
    }
    Ok(before.iter().map(|bytes| &**bytes).collect())
}

fn chosen<V: Copy>(values: &[V], places: &[usize]) -> PyResult<Vec<V>> {
    let found: Option<Vec<V>> = places
        .iter()
        .map(|&place| values.get(place).copied())
        .collect();
    found.ok_or_else(no_entry)
}

/// The entries from `start` to the one before `stop`.
fn between<V: Copy>(values: &[V], start: usize, stop: usize) -> PyResult<Vec<V>> {
    values
        .get(start..stop)
        .map(<[V]>::to_vec)
        .ok_or_else(no_entry)
}

fn no_entry() -> PyErr {
    PyIndexError::new_err("no entry at this place")
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
            const SCALAR_PARTS: (usize, usize) = (1, <$group>::SCALAR_BYTES);
            const POINT_PARTS: (usize, usize) = (<$group>::POINT_PARTS, <$group>::PART_BYTES);

            #[pymodule_init]
            fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
                module.add("SCALAR_BYTES", <$group>::SCALAR_BYTES)?;
                module.add("POINT_PARTS", <$group>::POINT_PARTS)?;
                module.add("PART_BYTES", <$group>::PART_BYTES)?;
                module.add("WIDE_BYTES", <$group>::WIDE_BYTES)?;
                module.add("LIFT_BYTES", <$group>::LIFT_BYTES)
            }

            /// A vector of scalars.
            #[pyclass(frozen)]
            pub struct Scalars(Vec<S>);

            #[pymethods]
            impl Scalars {
                /// From canonical encodings, each behind the bytes of `before`.
                #[staticmethod]
                fn decode(
                    py: Python<'_>,
                    data: &[u8],
                    before: Vec<PyBackedBytes>,
                ) -> PyResult<Self> {
                    let decoder = <$group>::decode_scalar;
                    py.detach(|| decoded(data, &before, SCALAR_PARTS, decoder))
                        .map(Self)
                }

                /// From big-endian numbers of `size` bytes, at most WIDE_BYTES, modulo q.
                #[staticmethod]
                fn reduce(py: Python<'_>, data: &[u8], size: usize) -> PyResult<Self> {
                    let Some(zeros) = <$group>::WIDE_BYTES.checked_sub(size) else {
                        return Err(PyValueError::new_err("numbers that are too long"));
                    };
                    if size == 0 || !data.len().is_multiple_of(size) {
                        return Err(PyValueError::new_err("bytes of a part of a number"));
                    }
                    let reduced = |number: &[u8]| {
                        let mut wide = vec![0; zeros];
                        wide.extend_from_slice(number);
                        Some(<$group>::scalar_from_uniform(&wide))
                    };
                    let values = py.detach(|| vectors::decode(data, &[&[]], size, reduced));
                    Ok(Self(values.unwrap_or_default()))
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

                /// What `decode` reads.
                fn encode<'py>(
                    &self,
                    py: Python<'py>,
                    before: Vec<PyBackedBytes>,
                ) -> PyResult<Bound<'py, PyBytes>> {
                    let (parts, size) = SCALAR_PARTS;
                    let (before, encoder) = (fixed(&before, parts)?, <$group>::encode_scalar);
                    let bytes = py.detach(|| vectors::encode(&self.0, &before, size, encoder));
                    Ok(PyBytes::new(py, &bytes))
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

                /// The entries from `start` to the one before `stop`.
                fn slice(&self, start: usize, stop: usize) -> PyResult<Self> {
                    between(&self.0, start, stop).map(Self)
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
                /// From canonical encodings, the identity included; `before`: the bytes before each
                /// part.
                #[staticmethod]
                fn decode(
                    py: Python<'_>,
                    data: &[u8],
                    before: Vec<PyBackedBytes>,
                ) -> PyResult<Self> {
                    let decoder = <$group>::decode_point;
                    py.detach(|| decoded(data, &before, POINT_PARTS, decoder))
                        .map(Self)
                }

                /// Those that LIFT_BYTES bytes each lead to; whatever leads to none is left out.
                #[staticmethod]
                fn lift(py: Python<'_>, data: &[u8]) -> Self {
                    Self(py.detach(|| vectors::lift::<$group>(data)))
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

                /// What `decode` reads.
                fn encode<'py>(
                    &self,
                    py: Python<'py>,
                    before: Vec<PyBackedBytes>,
                ) -> PyResult<Bound<'py, PyBytes>> {
                    let (parts, size) = POINT_PARTS;
                    let (before, encoder) = (fixed(&before, parts)?, <$group>::encode_point);
                    let bytes = py.detach(|| vectors::encode(&self.0, &before, size, encoder));
                    Ok(PyBytes::new(py, &bytes))
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
                    let multiply = vectors::multiply::<$group>;
                    Ok(Self(py.detach(|| multiply(&self.0, &other.0))))
                }

                fn divide(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
                    same_length(self.0.len(), other.0.len())?;
                    let divide = vectors::divide::<$group>;
                    Ok(Self(py.detach(|| divide(&self.0, &other.0))))
                }

                fn power(&self, py: Python<'_>, x: &Scalars) -> PyResult<Self> {
                    same_length(self.0.len(), x.0.len())?;
                    Ok(Self(py.detach(|| vectors::powers::<$group>(&self.0, &x.0))))
                }

                /// The powers of the one member, variable time.
                fn vartime_powers(&self, py: Python<'_>, x: &Scalars) -> PyResult<Self> {
                    let [base] = &self.0[..] else {
                        return Err(PyValueError::new_err("not one base"));
                    };
                    let powers = vectors::vartime_powers::<$group>;
                    Ok(Self(py.detach(|| powers(base, &x.0))))
                }

                /// All of them to one power, variable time.
                fn vartime_power(&self, py: Python<'_>, x: &Scalars) -> PyResult<Self> {
                    let [x] = &x.0[..] else {
                        return Err(PyValueError::new_err("not one exponent"));
                    };
                    let power = vectors::vartime_power::<$group>;
                    Ok(Self(py.detach(|| power(&self.0, x))))
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

                /// The entries from `start` to the one before `stop`.
                fn slice(&self, start: usize, stop: usize) -> PyResult<Self> {
                    between(&self.0, start, stop).map(Self)
                }

                /// The entries at these places.
                fn take(&self, places: Vec<usize>) -> PyResult<Self> {
                    chosen(&self.0, &places).map(Self)
                }
            }
        }
    };
}

group_module!(p256, P256);
group_module!(p384, P384);
group_module!(ristretto255, Ristretto255);
