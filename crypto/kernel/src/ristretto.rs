//! ristretto255 (RFC 9496) on curve25519-dalek.

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoBasepointTable, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};

use crate::arithmetic::Arithmetic;

pub struct Ristretto255;

impl Arithmetic for Ristretto255 {
    type Scalar = Scalar;
    type Point = RistrettoPoint;
    type Table = RistrettoBasepointTable;

    const SCALAR_BYTES: usize = 32;
    const POINT_BYTES: usize = 32;
    const WIDE_BYTES: usize = 48;
    const HASH_BYTES: usize = 64;

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

    /// RFC 9496 section 4.3.4.
    fn point_from_uniform(bytes: &[u8]) -> RistrettoPoint {
        let mut uniform = [0; 64];
        uniform.copy_from_slice(bytes);
        RistrettoPoint::from_uniform_bytes(&uniform)
    }

    fn multiply(a: &RistrettoPoint, b: &RistrettoPoint) -> RistrettoPoint {
        a + b
    }

    fn divide(a: &RistrettoPoint, b: &RistrettoPoint) -> RistrettoPoint {
        a - b
    }

    fn power(a: &RistrettoPoint, x: &Scalar) -> RistrettoPoint {
        a * x
    }

    fn table(base: &RistrettoPoint) -> RistrettoBasepointTable {
        RistrettoBasepointTable::create(base)
    }

    fn power_by_table(table: &RistrettoBasepointTable, x: &Scalar) -> RistrettoPoint {
        table * x
    }

    fn vartime_multiexp(a: &[RistrettoPoint], x: &[Scalar]) -> RistrettoPoint {
        RistrettoPoint::vartime_multiscalar_mul(x, a)
    }
}
