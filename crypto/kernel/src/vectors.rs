//! Vectors of one group's values, worked on by all processors. Lengths are checked by the caller.

use crate::arithmetic::Arithmetic;
use crate::parallel;
use crate::windows::{Chain, Powers};

/// `op` of every pair; the side of one value goes with all of the other.
pub fn pairs<T, U, V, F>(a: &[T], b: &[U], op: F) -> Vec<V>
where
    T: Sync,
    U: Sync,
    V: Send,
    F: Fn(&T, &U) -> V + Send + Sync,
{
    match (a, b) {
        ([one], _) if b.len() != 1 => {
            parallel::ranges(b.len(), |part| b[part].iter().map(|y| op(one, y)).collect())
        }
        (_, [one]) => {
            parallel::ranges(a.len(), |part| a[part].iter().map(|x| op(x, one)).collect())
        }
        _ => parallel::ranges(a.len(), |part| {
            let pairs = a[part.clone()].iter().zip(&b[part]);
            pairs.map(|(x, y)| op(x, y)).collect()
        }),
    }
}

/// As `pairs`, of members.
fn members<A, T, U, F>(a: &[T], b: &[U], op: F) -> Vec<A::Point>
where
    A: Arithmetic,
    T: Sync,
    U: Sync,
    F: Fn(&T, &U) -> A::Sum + Send + Sync,
{
    let settled = |sums: Vec<A::Sum>| A::settle(&sums);
    match (a, b) {
        ([one], _) if b.len() != 1 => parallel::ranges(b.len(), |part| {
            settled(b[part].iter().map(|y| op(one, y)).collect())
        }),
        (_, [one]) => parallel::ranges(a.len(), |part| {
            settled(a[part].iter().map(|x| op(x, one)).collect())
        }),
        _ => parallel::ranges(a.len(), |part| {
            let pairs = a[part.clone()].iter().zip(&b[part]);
            settled(pairs.map(|(x, y)| op(x, y)).collect())
        }),
    }
}

pub fn multiply<A: Arithmetic>(a: &[A::Point], b: &[A::Point]) -> Vec<A::Point> {
    members::<A, _, _, _>(a, b, |a_i, b_i| A::multiply(&A::sum(a_i), b_i))
}

pub fn divide<A: Arithmetic>(a: &[A::Point], b: &[A::Point]) -> Vec<A::Point> {
    members::<A, _, _, _>(a, b, |a_i, b_i| A::divide(&A::sum(a_i), b_i))
}

/// a_i^{x_i}, or of one base or one exponent with all of the other.
pub fn powers<A: Arithmetic>(a: &[A::Point], x: &[A::Scalar]) -> Vec<A::Point> {
    let by =
        |table: &A::Table| members::<A, _, _, _>(&[()], x, |(), x_i| A::power_by_table(table, x_i));
    match a {
        [base] if *base == A::generator() => by(A::generator_table()),
        [base] if x.len() >= A::TABLE_FROM => by(&A::table(base)),
        _ => members::<A, _, _, _>(a, x, A::power),
    }
}

/// a^{x_i}, variable time.
pub fn vartime_powers<A: Arithmetic>(a: &A::Point, x: &[A::Scalar]) -> Vec<A::Point> {
    let powers = Powers::<A>::of(a, x.len());
    members::<A, _, _, _>(&[()], x, |(), x_i| powers.vartime_power(x_i))
}

/// a_i^x, variable time.
pub fn vartime_power<A: Arithmetic>(a: &[A::Point], x: &A::Scalar) -> Vec<A::Point> {
    let chain = Chain::of::<A>(x);
    if chain.bits() > A::SCALAR_BITS / 2 {
        return members::<A, _, _, _>(a, &[*x], A::power); // no slower for long exponents
    }
    members::<A, _, _, _>(a, &[()], |a_i, ()| chain.vartime_power::<A>(a_i))
}

/// ∏ a_i.
pub fn product<A: Arithmetic>(a: &[A::Point]) -> A::Point {
    let one = A::sum(&A::identity());
    settled::<A>(
        a.iter()
            .fold(one, |product, a_i| A::multiply(&product, a_i)),
    )
}

/// ∏ a_i^{x_i}, variable time.
pub fn multiexp<A: Arithmetic>(a: &[A::Point], x: &[A::Scalar]) -> A::Point {
    let one = A::sum(&A::identity());
    let parts = parallel::parts(a, x, A::vartime_multiexp);
    settled::<A>(
        parts
            .iter()
            .fold(one, |product, part| A::multiply_sums(&product, part)),
    )
}

fn settled<A: Arithmetic>(sum: A::Sum) -> A::Point {
    A::settle(&[sum])[0]
}

/// Values decoded strictly, one behind the other in `bytes`: of each, in turn, every part's fixed
/// bytes `before` it and `size` of its own. The place of the first that is none.
pub fn decode<V, F>(
    bytes: &[u8],
    before: &[&[u8]],
    size: usize,
    decoder: F,
) -> Result<Vec<V>, usize>
where
    V: Send,
    F: Fn(&[u8]) -> Option<V> + Send + Sync,
{
    let stride = stride(before, size);
    let decoded = |encoding: &[u8]| {
        let mut parts = Vec::with_capacity(before.len() * size);
        let mut rest = encoding;
        for fixed in before {
            rest = rest.strip_prefix(*fixed)?;
            parts.extend_from_slice(&rest[..size]);
            rest = &rest[size..];
        }
        decoder(&parts)
    };
    parallel::try_ranges(bytes.len() / stride, |part| {
        let encodings = bytes[part.start * stride..part.end * stride].chunks(stride);
        encodings
            .enumerate()
            .map(|(i, encoding)| decoded(encoding).ok_or(part.start + i))
            .collect()
    })
}

/// What `decode` reads.
pub fn encode<V, F>(values: &[V], before: &[&[u8]], size: usize, encoder: F) -> Vec<u8>
where
    V: Sync,
    F: Fn(&V, &mut [u8]) + Send + Sync,
{
    parallel::ranges(values.len(), |part| {
        let mut bytes = Vec::with_capacity(part.len() * stride(before, size));
        let mut parts = vec![0; before.len() * size];
        for value in &values[part] {
            encoder(value, &mut parts);
            for (fixed, own) in before.iter().zip(parts.chunks(size)) {
                bytes.extend_from_slice(fixed);
                bytes.extend_from_slice(own);
            }
        }
        bytes
    })
}

/// The bytes of one value with those before its parts.
pub fn stride(before: &[&[u8]], size: usize) -> usize {
    before.iter().map(|fixed| fixed.len() + size).sum()
}

/// The members that the bytes lead to, in order; those that lead to none are left out.
pub fn lift<A: Arithmetic>(bytes: &[u8]) -> Vec<A::Point> {
    parallel::ranges(bytes.len() / A::LIFT_BYTES, |part| {
        let own = &bytes[part.start * A::LIFT_BYTES..part.end * A::LIFT_BYTES];
        own.chunks(A::LIFT_BYTES).filter_map(A::lift).collect()
    })
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
    use crate::{P256, P384, Ristretto255};

    /// The same tests for every group.
    macro_rules! of_all_groups {
        ($($test:ident),*) => {
            $(
                #[test]
                fn $test() {
                    generic::$test::<Ristretto255>();
                    generic::$test::<P256>();
                    generic::$test::<P384>();
                }
            )*
        };
    }

    of_all_groups!(
        one_value_goes_with_all_of_the_other_side,
        tables_give_the_same_powers,
        products_of_powers_are_those_of_the_powers,
        edge_exponents_are_like_all_others,
        the_identity_is_a_member_like_all_others,
        the_first_bad_place_is_named,
        recursions_are_as_defined
    );

    mod generic {
        use super::super::*;

        /// 0, 1, 2, q − 1, and numbers of all lengths.
        fn scalars<A: Arithmetic>(n: usize) -> Vec<A::Scalar> {
            let two = A::add(&A::ONE, &A::ONE);
            let mut x = vec![A::ZERO, A::ONE, two, A::sub(&A::ZERO, &A::ONE)];
            while x.len() < n {
                let last = x[x.len() - 1];
                x.push(A::add(&A::mul(&last, &last), &two));
                x.push(A::mul(&x[x.len() % 3 + x.len() / 2], &two));
            }
            x.truncate(n);
            x
        }

        fn points<A: Arithmetic>(n: usize) -> Vec<A::Point> {
            powers::<A>(&[A::generator()], &scalars::<A>(n))
        }

        fn power<A: Arithmetic>(a: &A::Point, x: &A::Scalar) -> A::Point {
            settled::<A>(A::power(a, x))
        }

        pub fn one_value_goes_with_all_of_the_other_side<A: Arithmetic>() {
            let x = scalars::<A>(200);
            let sums = pairs(&x, &[A::ONE], A::sub);
            let again = pairs(&sums, &[A::ONE], A::add);
            assert!(again == x);
            let turned = pairs(&[A::ONE], &x, A::sub);
            assert!(pairs(&turned, &sums, A::add).iter().all(|y| *y == A::ZERO));
            assert!(pairs(&x[..1], &[], A::add).is_empty());
            assert!(pairs(&[], &x[..1], A::add).is_empty());
            let a = points::<A>(200);
            assert!(divide::<A>(&multiply::<A>(&a, &a[3..4]), &a[3..4]) == a);
            assert!(multiply::<A>(&a[3..4], &divide::<A>(&a, &a[3..4])) == a);
            assert!(multiply::<A>(&a, &a) == powers::<A>(&a, &scalars::<A>(3)[2..]));
        }

        pub fn tables_give_the_same_powers<A: Arithmetic>() {
            let base = points::<A>(7)[6];
            for n in [0, 1, 15, 16, 47, 48, 300] {
                let x = scalars::<A>(n);
                let expected: Vec<_> = x.iter().map(|x_i| power::<A>(&base, x_i)).collect();
                assert!(powers::<A>(&[base], &x) == expected);
                let of_generator = x.iter().map(|x_i| power::<A>(&A::generator(), x_i));
                assert!(powers::<A>(&[A::generator()], &x) == of_generator.collect::<Vec<_>>());
                assert!(vartime_powers::<A>(&base, &x) == expected);
                let one_by_one = x.iter().map(|x_i| vartime_power::<A>(&[base], x_i)[0]);
                assert!(one_by_one.collect::<Vec<_>>() == expected);
            }
        }

        pub fn products_of_powers_are_those_of_the_powers<A: Arithmetic>() {
            for n in [0, 1, 2, 5, 30, 63, 64, 65, 129, 1000] {
                let (a, x) = (points::<A>(n), scalars::<A>(n));
                let expected = product::<A>(&powers::<A>(&a, &x));
                assert!(multiexp::<A>(&a, &x) == expected);
                let sum = crate::windows::vartime_multiexp::<A>(&a, &x);
                assert!(settled::<A>(sum) == expected);
            }
        }

        pub fn edge_exponents_are_like_all_others<A: Arithmetic>() {
            let (a, x) = (points::<A>(9)[8], scalars::<A>(4));
            let expected = [
                A::identity(),
                a,
                multiply::<A>(&[a], &[a])[0],
                divide::<A>(&[A::identity()], &[a])[0],
            ];
            assert!(powers::<A>(&[a; 4], &x) == expected);
            assert!(vartime_powers::<A>(&a, &x) == expected);
            for (x_i, power) in x.iter().zip(expected) {
                assert!(vartime_power::<A>(&[a; 2], x_i) == [power; 2]);
                assert!(multiexp::<A>(&[a], &[*x_i]) == power);
            }
        }

        pub fn the_identity_is_a_member_like_all_others<A: Arithmetic>() {
            let (one, x) = (A::identity(), scalars::<A>(40));
            assert!(powers::<A>(&[one], &x).iter().all(|power| *power == one));
            assert!(
                vartime_powers::<A>(&one, &x)
                    .iter()
                    .all(|power| *power == one)
            );
            assert!(multiexp::<A>(&[one; 40], &x) == one);
            assert!(product::<A>(&[one; 40]) == one);
            assert!(multiply::<A>(&points::<A>(40), &[one]) == points::<A>(40));
            let before: Vec<&[u8]> = vec![b"a"; A::POINT_PARTS];
            let bytes = encode(&[one; 3], &before, A::PART_BYTES, A::encode_point);
            let decoded = decode(&bytes, &before, A::PART_BYTES, A::decode_point);
            assert!(decoded == Ok(vec![one; 3]));
        }

        pub fn the_first_bad_place_is_named<A: Arithmetic>() {
            let (before, a) = (vec![&b"two"[..]; A::POINT_PARTS], points::<A>(300));
            let read = |bytes: &[u8]| decode(bytes, &before, A::PART_BYTES, A::decode_point);
            let good = encode(&a, &before, A::PART_BYTES, A::encode_point);
            assert!(read(&good) == Ok(a));
            let stride = stride(&before, A::PART_BYTES);
            assert_eq!(good.len(), 300 * stride);
            let mut bytes = good;
            for place in [299, 70, 3] {
                bytes[place * stride] ^= 1; // of the fixed ones
                assert!(read(&bytes) == Err(place));
            }
            for place in [2, 1] {
                bytes[place * stride + 3] |= 0x80; // a field element that is not below p, or is odd
                bytes[place * stride + 3] ^= 1;
                assert!(read(&bytes) == Err(place));
            }
        }

        pub fn recursions_are_as_defined<A: Arithmetic>() {
            let (x, b) = (scalars::<A>(50), scalars::<A>(50));
            let d = linear_recursion::<A>(&x, &b);
            assert!(d[0] == b[0]);
            assert!((1..50).all(|i| d[i] == A::add(&b[i], &A::mul(&x[i], &d[i - 1]))));
            let product = scalar_product::<A>(&x[1..]);
            assert!(product != A::ZERO && running_product::<A>(&x[1..])[48] == product);
            let sums = x.iter().fold(A::ZERO, |total, x_i| A::add(&total, x_i));
            assert!(sum::<A>(&x) == sums);
        }
    }
}
