//! Vectors of one group's values, worked on by all processors. Lengths are checked by the caller.

use crate::arithmetic::Arithmetic;
use crate::parallel;

/// From so many powers on, a table of the base pays.
const TABLE_FROM: usize = 16;

/// `op` of every pair; the side of one value goes with all of the other.
pub fn pairs<T, U, V, F>(a: &[T], b: &[U], op: F) -> Vec<V>
where
    T: Sync,
    U: Sync,
    V: Send,
    F: Fn(&T, &U) -> V + Send + Sync,
{
    match (a, b) {
        ([one], _) if b.len() != 1 => parallel::map(b, |y| op(one, y)),
        (_, [one]) => parallel::map(a, |x| op(x, one)),
        _ => parallel::zip(a, b, op),
    }
}

/// Values of `size` bytes each, decoded strictly; the place of the first that is none.
pub fn decode<V, F>(bytes: &[u8], size: usize, decoder: F) -> Result<Vec<V>, usize>
where
    V: Send,
    F: Fn(&[u8]) -> Option<V> + Send + Sync,
{
    let encodings: Vec<&[u8]> = bytes.chunks(size).collect();
    let found = parallel::map(&encodings, |encoding| decoder(encoding));
    match found.iter().position(Option::is_none) {
        Some(place) => Err(place),
        None => Ok(found.into_iter().flatten().collect()),
    }
}

/// The encodings of all values, of `size` bytes each, one after the other.
pub fn encode<V, F>(values: &[V], size: usize, encoder: F) -> Vec<u8>
where
    V: Sync,
    F: Fn(&V, &mut [u8]) + Send + Sync,
{
    let encoded = parallel::map(values, |value| {
        let mut out = vec![0; size];
        encoder(value, &mut out);
        out
    });
    encoded.concat()
}

/// a_i^{x_i}, or of one base or one exponent with all of the other.
pub fn powers<A: Arithmetic>(a: &[A::Point], x: &[A::Scalar]) -> Vec<A::Point> {
    match a {
        [base] if x.len() >= TABLE_FROM => {
            let table = A::table(base);
            parallel::map(x, |x_i| A::power_by_table(&table, x_i))
        }
        _ => pairs(a, x, A::power),
    }
}

/// ∏ a_i.
pub fn product<A: Arithmetic>(a: &[A::Point]) -> A::Point {
    a.iter()
        .fold(A::identity(), |product, a_i| A::multiply(&product, a_i))
}

/// ∏ a_i^{x_i}, variable time.
pub fn multiexp<A: Arithmetic>(a: &[A::Point], x: &[A::Scalar]) -> A::Point {
    product::<A>(&parallel::parts(a, x, A::vartime_multiexp))
}

/// Σ x_i.
pub fn sum<A: Arithmetic>(x: &[A::Scalar]) -> A::Scalar {
    x.iter().fold(A::ZERO, |total, x_i| A::add(&total, x_i))
}

/// ∏ x_i.
pub fn scalar_product<A: Arithmetic>(x: &[A::Scalar]) -> A::Scalar {
    x.iter().fold(A::ONE, |product, x_i| A::mul(&product, x_i))
}

/// (x_0, x_0 x_1, …).
pub fn running_product<A: Arithmetic>(x: &[A::Scalar]) -> Vec<A::Scalar> {
    let mut product = A::ONE;
    x.iter()
        .map(|x_i| {
            product = A::mul(&product, x_i);
            product
        })
        .collect()
}

/// d with d_0 = b_0 and d_i = b_i + x_i d_{i−1}.
pub fn linear_recursion<A: Arithmetic>(x: &[A::Scalar], b: &[A::Scalar]) -> Vec<A::Scalar> {
    let mut before = A::ZERO;
    x.iter()
        .zip(b)
        .map(|(x_i, b_i)| {
            before = A::add(b_i, &A::mul(x_i, &before));
            before
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ristretto::Ristretto255 as G;

    type S = <G as Arithmetic>::Scalar;

    fn scalars(n: u64) -> Vec<S> {
        (1..=n).map(|i| S::from(i * i + 7)).collect()
    }

    fn points(n: u64) -> Vec<<G as Arithmetic>::Point> {
        scalars(n)
            .iter()
            .map(|x| G::power(&G::generator(), x))
            .collect()
    }

    #[test]
    fn one_value_goes_with_all_of_the_other_side() {
        let x = scalars(200);
        let sums = pairs(&x, &[G::ONE], G::sub);
        assert!(
            sums.iter()
                .zip(&x)
                .all(|(d, x_i)| G::add(d, &G::ONE) == *x_i)
        );
        let turned = pairs(&[G::ONE], &x, G::sub);
        assert!(
            turned
                .iter()
                .zip(&sums)
                .all(|(a, b)| G::add(a, b) == G::ZERO)
        );
        assert_eq!(pairs(&x[..1], &[], G::add), []);
        assert_eq!(pairs(&[], &x[..1], G::add), []);
    }

    #[test]
    fn a_table_gives_the_same_powers() {
        let base = points(3)[2];
        for n in [0, 1, 15, 16, 17, 300] {
            let x = scalars(n);
            let expected: Vec<_> = x.iter().map(|x_i| G::power(&base, x_i)).collect();
            assert!(powers::<G>(&[base], &x) == expected);
        }
    }

    #[test]
    fn products_of_powers_are_those_of_the_powers() {
        for n in [0, 1, 2, 63, 64, 65, 129, 1000] {
            let (a, x) = (points(n), scalars(n));
            let expected = product::<G>(&powers::<G>(&a, &x));
            assert!(multiexp::<G>(&a, &x) == expected);
        }
    }

    #[test]
    fn the_first_bad_place_is_named() {
        let mut bytes = encode(&points(300), G::POINT_BYTES, G::encode_point);
        assert!(decode(&bytes, G::POINT_BYTES, G::decode_point).is_ok_and(|a| a == points(300)));
        for place in [299, 70, 3] {
            bytes[place * G::POINT_BYTES] ^= 1; // an odd field element is no encoding
            assert!(decode(&bytes, G::POINT_BYTES, G::decode_point) == Err(place));
        }
    }

    #[test]
    fn recursions_are_as_defined() {
        let (x, b) = (scalars(50), scalars(50));
        let d = linear_recursion::<G>(&x, &b);
        assert_eq!(d[0], b[0]);
        assert!((1..50).all(|i| d[i] == G::add(&b[i], &G::mul(&x[i], &d[i - 1]))));
        assert_eq!(running_product::<G>(&x)[49], scalar_product::<G>(&x));
        assert_eq!(sum::<G>(&x), (1..=50).map(|i| S::from(i * i + 7u64)).sum());
    }
}
