//! What a group must be able to do with single values.

/// A group of prime order q and its scalars.
///
/// Operations are constant time in scalars and points unless their name says `vartime`.
pub trait Arithmetic: 'static {
    type Scalar: Copy + PartialEq + Send + Sync;
    type Point: Copy + PartialEq + Send + Sync;
    /// What makes many powers of one base fast.
    type Table: Send + Sync;

    /// Of the canonical, big-endian encoding of a scalar.
    const SCALAR_BYTES: usize;
    /// Of the canonical encoding of a point.
    const POINT_BYTES: usize;
    /// Of the uniform bytes that `scalar_from_uniform` reduces: those of q and 16 more.
    const WIDE_BYTES: usize;
    /// Of the uniform bytes that `point_from_uniform` takes.
    const HASH_BYTES: usize;

    const ZERO: Self::Scalar;
    const ONE: Self::Scalar;

    /// The scalar with this canonical encoding, or none.
    fn decode_scalar(bytes: &[u8]) -> Option<Self::Scalar>;
    fn encode_scalar(x: &Self::Scalar, out: &mut [u8]);
    /// The big-endian number, of `WIDE_BYTES`, modulo q.
    fn scalar_from_uniform(bytes: &[u8]) -> Self::Scalar;

    fn add(x: &Self::Scalar, y: &Self::Scalar) -> Self::Scalar;
    fn sub(x: &Self::Scalar, y: &Self::Scalar) -> Self::Scalar;
    fn mul(x: &Self::Scalar, y: &Self::Scalar) -> Self::Scalar;
    /// 1/x; of zero, zero.
    fn invert(x: &Self::Scalar) -> Self::Scalar;

    fn identity() -> Self::Point;
    fn generator() -> Self::Point;
    /// The member with this canonical encoding, the identity included, or none.
    fn decode_point(bytes: &[u8]) -> Option<Self::Point>;
    fn encode_point(a: &Self::Point, out: &mut [u8]);
    /// A member from `HASH_BYTES` uniform bytes, of which nobody knows a logarithm.
    fn point_from_uniform(bytes: &[u8]) -> Self::Point;

    fn multiply(a: &Self::Point, b: &Self::Point) -> Self::Point;
    fn divide(a: &Self::Point, b: &Self::Point) -> Self::Point;
    fn power(a: &Self::Point, x: &Self::Scalar) -> Self::Point;

    fn table(base: &Self::Point) -> Self::Table;
    fn power_by_table(table: &Self::Table, x: &Self::Scalar) -> Self::Point;

    /// ∏ a_i^{x_i} for equally many of both.
    fn vartime_multiexp(a: &[Self::Point], x: &[Self::Scalar]) -> Self::Point;
}
