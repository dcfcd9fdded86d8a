//! P-256 and P-384 (NIST SP 800-186) on the crates p256 and p384.
//!
//! Vectors hold affine coordinates, which are compared and encoded as they are. An encoding is that
//! of Verificatum: x and y, big-endian with a byte of zeros before each; the identity is FF in every
//! byte.

/// A module of one curve: crate, bytes of a field element, windows of the constant-time table.
macro_rules! nist_curve {
    ($module:ident, $group:ident, $curve:ident, $bytes:literal) => {
        mod $module {
            use std::sync::OnceLock;

            use $curve::elliptic_curve::ops::Double;
            use $curve::elliptic_curve::point::DecompressPoint;
            use $curve::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
            use $curve::elliptic_curve::subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
            use $curve::elliptic_curve::{BatchNormalize, Field, PrimeField};
            use $curve::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, Sec1Point};

            use crate::arithmetic::{Arithmetic, MOST_SCALAR_BYTES};
            use crate::windows;

            const BYTES: usize = $bytes;
            const WIDTH: usize = 4;

            pub struct $group;

            impl Arithmetic for $group {
                type Scalar = Scalar;
                type Point = AffinePoint;
                type Sum = ProjectivePoint;
                /// Of each digit of four bits, from the lowest on, the powers 0 … 15.
                type Table = Vec<[AffinePoint; 1 << WIDTH]>;

                const SCALAR_BYTES: usize = BYTES + 1;
                const SCALAR_BITS: usize = 8 * BYTES;
                const POINT_PARTS: usize = 2;
                const PART_BYTES: usize = BYTES + 1;
                const WIDE_BYTES: usize = BYTES + 16;
                /// A canonical x.
                const LIFT_BYTES: usize = BYTES;

                const ZERO: Scalar = Scalar::ZERO;
                const ONE: Scalar = Scalar::ONE;

                fn decode_scalar(bytes: &[u8]) -> Option<Scalar> {
                    let number = bytes.strip_prefix(&[0])?;
                    Scalar::from_repr(FieldBytes::try_from(number).ok()?).into()
                }

                fn encode_scalar(x: &Scalar, out: &mut [u8]) {
                    out[0] = 0;
                    out[1..].copy_from_slice(&x.to_repr());
                }

                fn scalar_from_uniform(bytes: &[u8]) -> Scalar {
                    // Digits of 16 bytes, each below q, and their base 2^128.
                    let below_q = |place: usize, digit: &[u8]| {
                        let mut number = FieldBytes::default();
                        number[place..place + digit.len()].copy_from_slice(digit);
                        Scalar::from_repr(number).unwrap_or(Scalar::ZERO)
                    };
                    let base = below_q(BYTES - 17, &[1]);
                    let digits = bytes.chunks(16);
                    digits.fold(Scalar::ZERO, |x, digit| {
                        x * base + below_q(BYTES - 16, digit)
                    })
                }

                fn little_endian(x: &Scalar) -> [u8; MOST_SCALAR_BYTES] {
                    let mut bytes = [0; MOST_SCALAR_BYTES];
                    bytes[..BYTES].copy_from_slice(&x.to_repr());
                    bytes[..BYTES].reverse();
                    bytes
                }

                fn add(x: &Scalar, y: &Scalar) -> Scalar {
                    x + y
                }

                fn sub(x: &Scalar, y: &Scalar) -> Scalar {
                    x - y
                }

                fn mul(x: &Scalar, y: &Scalar) -> Scalar {
                    x * y
                }

                fn invert(x: &Scalar) -> Scalar {
                    Field::invert(x).unwrap_or(Scalar::ZERO)
                }

                fn identity() -> AffinePoint {
                    AffinePoint::IDENTITY
                }

                fn generator() -> AffinePoint {
                    AffinePoint::GENERATOR
                }

                fn decode_point(bytes: &[u8]) -> Option<AffinePoint> {
                    if bytes.iter().all(|&byte| byte == 0xff) {
                        return Some(AffinePoint::IDENTITY);
                    }
                    let (x, y) = bytes.split_at(BYTES + 1);
                    let x = FieldBytes::try_from(x.strip_prefix(&[0])?).ok()?;
                    let y = FieldBytes::try_from(y.strip_prefix(&[0])?).ok()?;
                    let point = Sec1Point::from_affine_coordinates(&x, &y, false);
                    AffinePoint::from_sec1_point(&point).into()
                }

                fn encode_point(a: &AffinePoint, out: &mut [u8]) {
                    let point = a.to_sec1_point(false);
                    let (x, y) = out.split_at_mut(BYTES + 1);
                    match (point.x(), point.y()) {
                        (Some(own_x), Some(own_y)) => {
                            (x[0], y[0]) = (0, 0);
                            x[1..].copy_from_slice(own_x);
                            y[1..].copy_from_slice(own_y);
                        }
                        _ => out.fill(0xff),
                    }
                }

                /// The point at this x with the smaller y.
                fn lift(bytes: &[u8]) -> Option<AffinePoint> {
                    let x = FieldBytes::try_from(bytes).ok()?;
                    let even: AffinePoint =
                        Option::from(AffinePoint::decompress(&x, Choice::from(0)))?;
                    let odd = -even;
                    let y = |a: &AffinePoint| a.to_sec1_point(false).y().copied();
                    Some(if y(&even) < y(&odd) { even } else { odd })
                }

                fn sum(a: &AffinePoint) -> ProjectivePoint {
                    a.into()
                }

                fn settle(sums: &[ProjectivePoint]) -> Vec<AffinePoint> {
                    ProjectivePoint::batch_normalize(sums)
                }

                fn multiply(a: &ProjectivePoint, b: &AffinePoint) -> ProjectivePoint {
                    a + b
                }

                fn divide(a: &ProjectivePoint, b: &AffinePoint) -> ProjectivePoint {
                    a - b
                }

                fn multiply_sums(a: &ProjectivePoint, b: &ProjectivePoint) -> ProjectivePoint {
                    a + b
                }

                fn square(a: &ProjectivePoint) -> ProjectivePoint {
                    Double::double(a)
                }

                fn power(a: &AffinePoint, x: &Scalar) -> ProjectivePoint {
                    ProjectivePoint::from(a) * x
                }

                const TABLE_FROM: usize = 16;

                fn table(base: &AffinePoint) -> Self::Table {
                    let mut first = ProjectivePoint::from(base);
                    (0..2 * BYTES)
                        .map(|_| {
                            let mut row = [ProjectivePoint::IDENTITY; 1 << WIDTH];
                            for i in 1..row.len() {
                                row[i] = row[i - 1] + first;
                            }
                            first += row[row.len() - 1];
                            <ProjectivePoint as BatchNormalize<[_; 16]>>::batch_normalize(&row)
                        })
                        .collect()
                }

                fn generator_table() -> &'static Self::Table {
                    static TABLE: OnceLock<Vec<[AffinePoint; 1 << WIDTH]>> = OnceLock::new();
                    TABLE.get_or_init(|| Self::table(&AffinePoint::GENERATOR))
                }

                /// Every entry of a row is read, whichever is taken.
                fn power_by_table(table: &Self::Table, x: &Scalar) -> ProjectivePoint {
                    let digits = Self::little_endian(x);
                    let digits = digits.iter().flat_map(|byte| [byte & 15, byte >> 4]);
                    let mut product = ProjectivePoint::IDENTITY;
                    for (row, digit) in table.iter().zip(digits) {
                        let mut factor = row[0];
                        for (place, entry) in (0u8..).zip(row) {
                            factor.conditional_assign(entry, place.ct_eq(&digit));
                        }
                        product += factor;
                    }
                    product
                }

                fn vartime_multiexp(a: &[AffinePoint], x: &[Scalar]) -> ProjectivePoint {
                    windows::vartime_multiexp::<Self>(a, x)
                }
            }
        }
    };
}

nist_curve!(of_256_bits, P256, p256, 32);
nist_curve!(of_384_bits, P384, p384, 48);

pub use of_256_bits::P256;
pub use of_384_bits::P384;
