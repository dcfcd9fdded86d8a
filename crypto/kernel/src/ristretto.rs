//! ristretto255 (RFC 9496) on curve25519-dalek.

use curve25519_dalek::constants::{RISTRETTO_BASEPOINT_POINT, RISTRETTO_BASEPOINT_TABLE};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoBasepointTable, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};

use crate::arithmetic::{Arithmetic, MOST_SCALAR_BYTES};

pub struct Ristretto255;

impl Arithmetic for Ristretto255 {
    type Scalar = Scalar;
    type Point = RistrettoPoint;
    type Sum = RistrettoPoint;
    type Table = RistrettoBasepointTable;

    const SCALAR_BYTES: usize = 32;
    const SCALAR_BITS: usize = 253;
    const POINT_PARTS: usize = 1;
    const PART_BYTES: usize = 32;
    const WIDE_BYTES: usize = 48;
    /// Uniform bytes.
    const LIFT_BYTES: usize = 64;

    const ZERO: Scalar = Scalar::ZERO;
    const ONE: Scalar = Scalar::ONE;

    fn decode_scalar(bytes: &[u8]) -> Option<Scalar> {
        let mut little: [u8; 32] = bytes.try_into().ok()?;
        little.reverse();
        Scalar::from_canonical_bytes(little).into()
    }

    fn encode_scalar(x: &Scalar, out: &mut [u8]) {
        out.copy_from_slice(x.as_bytes());
        out.reverse();
    }

    fn scalar_from_uniform(bytes: &[u8]) -> Scalar {
        let mut little = [0; 64];
        for (to, from) in little.iter_mut().zip(bytes.iter().rev()) {
            *to = *from;
        }
        Scalar::from_bytes_mod_order_wide(&little)
    }

    fn little_endian(x: &Scalar) -> [u8; MOST_SCALAR_BYTES] {
        let mut bytes = [0; MOST_SCALAR_BYTES];
        bytes[..32].copy_from_slice(x.as_bytes());
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
        x.invert()
    }

    fn identity() -> RistrettoPoint {
        RistrettoPoint::identity()
    }

    fn generator() -> RistrettoPoint {
        RISTRETTO_BASEPOINT_POINT
    }

    /// RFC 9496 section 4.3.1.
    fn decode_point(bytes: &[u8]) -> Option<RistrettoPoint> {
        CompressedRistretto::from_slice(bytes).ok()?.decompress()
    }

    fn encode_point(a: &RistrettoPoint, out: &mut [u8]) {
        out.copy_from_slice(a.compress().as_bytes());
    }

    /// RFC 9496 section 4.3.4: every 64 bytes lead to one.
    fn lift(bytes: &[u8]) -> Option<RistrettoPoint> {
        Some(RistrettoPoint::from_uniform_bytes(bytes.try_into().ok()?))
    }

    fn sum(a: &RistrettoPoint) -> RistrettoPoint {
        *a
    }

    fn settle(sums: &[RistrettoPoint]) -> Vec<RistrettoPoint> {
        sums.to_vec()
    }

    fn multiply(a: &RistrettoPoint, b: &RistrettoPoint) -> RistrettoPoint {
        a + b
    }

    fn divide(a: &RistrettoPoint, b: &RistrettoPoint) -> RistrettoPoint {
        a - b
    }

    fn multiply_sums(a: &RistrettoPoint, b: &RistrettoPoint) -> RistrettoPoint {
        a + b
    }

    fn square(a: &RistrettoPoint) -> RistrettoPoint {
        a + a
    }

    fn power(a: &RistrettoPoint, x: &Scalar) -> RistrettoPoint {
        a * x
    }

    const TABLE_FROM: usize = 48;

    fn table(base: &RistrettoPoint) -> RistrettoBasepointTable {
        RistrettoBasepointTable::create(base)
    }

    fn generator_table() -> &'static RistrettoBasepointTable {
        RISTRETTO_BASEPOINT_TABLE
    }

    fn power_by_table(table: &RistrettoBasepointTable, x: &Scalar) -> RistrettoPoint {
        table * x
    }

    fn vartime_multiexp(a: &[RistrettoPoint], x: &[Scalar]) -> RistrettoPoint {
        RistrettoPoint::vartime_multiscalar_mul(x, a)
    }
}
