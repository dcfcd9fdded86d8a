//! What a group must be able to do with single values.

/// Of the longest scalar that a group here has.
pub const MOST_SCALAR_BYTES: usize = 48;

/// A group of prime order q and its scalars.
///
/// Operations are constant time in scalars and members unless their name says `vartime`.
pub trait Arithmetic: 'static {
    type Scalar: Copy + PartialEq + Send + Sync;
    /// A member as vectors hold it.
    type Point: Copy + PartialEq + Send + Sync;
    /// A member as it is computed with; `settle` makes points of many at once.
    type Sum: Copy + Send + Sync;
    /// What makes many powers of one base fast.
    type Table: Send + Sync;

    /// Of the canonical, big-endian encoding of a scalar.
    const SCALAR_BYTES: usize;
    /// Bit length of q.
    const SCALAR_BITS: usize;
    /// The canonical encoding of a member has so many parts
    const POINT_PARTS: usize;
    /// of so many bytes.
    const PART_BYTES: usize;
    /// Of the uniform bytes that `scalar_from_uniform` reduces: those of q and 16 more.
    const WIDE_BYTES: usize;
    /// Of what `lift` takes.
    const LIFT_BYTES: usize;

    const ZERO: Self::Scalar;
    const ONE: Self::Scalar;

    /// The scalar with this canonical encoding, or none.
    fn decode_scalar(bytes: &[u8]) -> Option<Self::Scalar>;
    fn encode_scalar(x: &Self::Scalar, out: &mut [u8]);
    /// The big-endian number, of `WIDE_BYTES`, modulo q.
    fn scalar_from_uniform(bytes: &[u8]) -> Self::Scalar;
    /// The little-endian number, with zeros behind it.
    fn little_endian(x: &Self::Scalar) -> [u8; MOST_SCALAR_BYTES];

    fn add(x: &Self::Scalar, y: &Self::Scalar) -> Self::Scalar;
    fn sub(x: &Self::Scalar, y: &Self::Scalar) -> Self::Scalar;
    fn mul(x: &Self::Scalar, y: &Self::Scalar) -> Self::Scalar;
    /// 1/x; of zero, zero.
    fn invert(x: &Self::Scalar) -> Self::Scalar;

    fn identity() -> Self::Point;
    fn generator() -> Self::Point;
    /// The member with this canonical encoding, the identity included, or none. All parts, one
    /// after the other.
    fn decode_point(bytes: &[u8]) -> Option<Self::Point>;
    fn encode_point(a: &Self::Point, out: &mut [u8]);
    /// The member that `LIFT_BYTES` bytes lead to, of which nobody knows a logarithm, or none.
    fn lift(bytes: &[u8]) -> Option<Self::Point>;

    fn sum(a: &Self::Point) -> Self::Sum;
    fn settle(sums: &[Self::Sum]) -> Vec<Self::Point>;
    fn multiply(a: &Self::Sum, b: &Self::Point) -> Self::Sum;
    fn divide(a: &Self::Sum, b: &Self::Point) -> Self::Sum;
    fn multiply_sums(a: &Self::Sum, b: &Self::Sum) -> Self::Sum;
    fn square(a: &Self::Sum) -> Self::Sum;
    fn power(a: &Self::Point, x: &Self::Scalar) -> Self::Sum;

    /// From so many powers on, a table of the base pays.
    const TABLE_FROM: usize;
    fn table(base: &Self::Point) -> Self::Table;
    /// That of the generator, which is made once.
    fn generator_table() -> &'static Self::Table;
    fn power_by_table(table: &Self::Table, x: &Self::Scalar) -> Self::Sum;

    /// ∏ a_i^{x_i} for equally many of both.
    fn vartime_multiexp(a: &[Self::Point], x: &[Self::Scalar]) -> Self::Sum;
}
