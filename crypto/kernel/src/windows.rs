//! Powers by signed windows, for the groups that have no faster way of their own. All of it takes a
//! time that depends on the exponents.

use crate::arithmetic::Arithmetic;

/// Wider windows than this leave the processor's cache.
const WIDEST: usize = 15;

/// The digits of x to base 2^w, each from −2^(w−1) to 2^(w−1), the lowest first.
fn digits<A: Arithmetic>(x: &A::Scalar, w: usize, count: usize) -> impl Iterator<Item = i32> {
    let bytes = A::little_endian(x);
    let mut carry = 0;
    (0..count).map(move |k| {
        let at = k * w;
        let word = (0..4).fold(0u32, |word, i| {
            let byte = bytes.get(at / 8 + i).copied().unwrap_or(0);
            word | u32::from(byte) << (8 * i)
        });
        let digit = ((word >> (at % 8)) & ((1 << w) - 1)) as i32 + carry;
        carry = i32::from(digit > 1 << (w - 1));
        digit - (carry << w)
    })
}

/// So many digits of `bits` bits and a carry.
fn count(bits: usize, w: usize) -> usize {
    (bits + 1).div_ceil(w)
}

/// The number of bits of the longest of these scalars.
fn longest<A: Arithmetic>(x: &[A::Scalar]) -> usize {
    let length = |x_i: &A::Scalar| {
        let bytes = A::little_endian(x_i);
        let last = bytes.iter().rposition(|&byte| byte != 0);
        last.map_or(0, |i| 8 * (i + 1) - bytes[i].leading_zeros() as usize)
    };
    x.iter().map(length).max().unwrap_or(0)
}

/// The width with the lowest cost, from 2 on.
fn cheapest(cost: impl Fn(usize) -> usize) -> usize {
    (2..=WIDEST).min_by_key(|&w| cost(w)).unwrap_or(2)
}

/// The multiples of a base that its powers are products of: for every digit of an exponent a row of
/// the base's powers to 2^(wk), …, 2^(w−1) 2^(wk).
pub struct Powers<A: Arithmetic> {
    w: usize,
    rows: Vec<Vec<A::Point>>,
}

impl<A: Arithmetic> Powers<A> {
    /// For `n` powers of this base.
    pub fn of(base: &A::Point, n: usize) -> Self {
        // A row is multiplied together, and settled, which costs as much again.
        let w = cheapest(|w| count(A::SCALAR_BITS, w) * (n + (2 << (w - 1)))).min(11);
        let mut first = A::sum(base);
        let rows = (0..count(A::SCALAR_BITS, w))
            .map(|_| {
                let mut row = Vec::with_capacity(1 << (w - 1));
                row.push(first);
                for i in 1..1 << (w - 1) {
                    row.push(A::multiply_sums(&row[i - 1], &first));
                }
                first = A::square(&row[row.len() - 1]);
                A::settle(&row)
            })
            .collect();
        Self { w, rows }
    }

    pub fn vartime_power(&self, x: &A::Scalar) -> A::Sum {
        let mut product = A::sum(&A::identity());
        for (row, digit) in self
            .rows
            .iter()
            .zip(digits::<A>(x, self.w, self.rows.len()))
        {
            take::<A>(&mut product, row, digit);
        }
        product
    }
}

/// One exponent, for the powers of many bases: its non-adjacent form of a width, or that of −x if
/// this is the shorter (D. Hankerson, A. Menezes, S. Vanstone, Guide to Elliptic Curve Cryptography,
/// 2004, algorithms 3.35 and 3.36).
pub struct Chain {
    /// Odd or 0, the lowest first.
    digits: Vec<i32>,
    /// Of the largest digit, so many odd multiples are made.
    odd: usize,
}

impl Chain {
    pub fn of<A: Arithmetic>(x: &A::Scalar) -> Self {
        let opposite = A::sub(&A::ZERO, x);
        let (x, sign) = if longest::<A>(&[opposite]) < longest::<A>(&[*x]) {
            (opposite, -1)
        } else {
            (*x, 1)
        };
        let bits = longest::<A>(&[x]);
        let w = cheapest(|w| (1 << (w - 2)) + bits / (w + 1)).min(6);
        let bytes = A::little_endian(&x);
        let bit = |at: usize| i32::from(bytes.get(at / 8).copied().unwrap_or(0) >> (at % 8) & 1);
        let (mut digits, mut carry, mut at) = (vec![0; bits + 1], 0, 0);
        while at <= bits {
            if bit(at) + carry == 1 {
                let window = (0..w).fold(carry, |n, i| n + (bit(at + i) << i));
                carry = i32::from(window > 1 << (w - 1));
                digits[at] = sign * (window - (carry << w));
                at += w;
            } else {
                at += 1;
            }
        }
        let largest = digits.iter().map(|digit| digit.unsigned_abs()).max();
        let odd = largest.map_or(0, |digit| (digit as usize).div_ceil(2));
        Self { digits, odd }
    }

    /// Of the exponent, or of its opposite.
    pub fn bits(&self) -> usize {
        self.digits.len() - 1
    }

    pub fn vartime_power<A: Arithmetic>(&self, a: &A::Point) -> A::Sum {
        let mut multiples = vec![A::sum(a)];
        let square = A::square(&multiples[0]);
        for i in 1..self.odd {
            multiples.push(A::multiply_sums(&multiples[i - 1], &square));
        }
        let multiples = A::settle(&multiples);
        let mut power = A::sum(&A::identity());
        for digit in self.digits.iter().rev() {
            power = A::square(&power);
            let place = digit.unsigned_abs() as usize / 2;
            if *digit > 0 {
                power = A::multiply(&power, &multiples[place]);
            } else if *digit < 0 {
                power = A::divide(&power, &multiples[place]);
            }
        }
        power
    }
}

/// Multiply by the multiple of this digit.
fn take<A: Arithmetic>(product: &mut A::Sum, row: &[A::Point], digit: i32) {
    let place = digit.unsigned_abs() as usize;
    if digit > 0 {
        *product = A::multiply(product, &row[place - 1]);
    } else if digit < 0 {
        *product = A::divide(product, &row[place - 1]);
    }
}

/// ∏ a_i^{x_i} for equally many of both: by Straus's method for few, by Pippenger's for many,
/// whichever takes fewer multiplications.
pub fn vartime_multiexp<A: Arithmetic>(a: &[A::Point], x: &[A::Scalar]) -> A::Sum {
    let (n, bits) = (a.len(), longest::<A>(x));
    let straus = |w| n * (count(bits, w) + (2 << (w - 1)));
    let pippenger = |w| count(bits, w) * (n + (2 << (w - 1)));
    let (w, v) = (cheapest(straus), cheapest(pippenger));
    if straus(w) < pippenger(v) {
        by_tables::<A>(a, x, bits, w)
    } else {
        by_buckets::<A>(a, x, bits, v)
    }
}

/// E. G. Straus, Addition chains of vectors, 1964: a table for each base, squarings shared.
fn by_tables<A: Arithmetic>(a: &[A::Point], x: &[A::Scalar], bits: usize, w: usize) -> A::Sum {
    let size = 1 << (w - 1);
    let mut multiples = Vec::with_capacity(a.len() * size);
    for a_i in a {
        let mut multiple = A::sum(a_i);
        for _ in 1..size {
            multiples.push(multiple);
            multiple = A::multiply(&multiple, a_i);
        }
        multiples.push(multiple);
    }
    let tables = A::settle(&multiples);
    let length = count(bits, w);
    let digits: Vec<Vec<i32>> = x
        .iter()
        .map(|x_i| digits::<A>(x_i, w, length).collect())
        .collect();
    let mut product = A::sum(&A::identity());
    for k in (0..length).rev() {
        for _ in 0..w {
            product = A::square(&product);
        }
        for (table, digits_i) in tables.chunks(size).zip(&digits) {
            take::<A>(&mut product, table, digits_i[k]);
        }
    }
    product
}

/// N. Pippenger 1976, as in D. Bernstein, Pippenger's exponentiation algorithm, 2002: for each digit
/// a bucket of the bases that have it.
fn by_buckets<A: Arithmetic>(a: &[A::Point], x: &[A::Scalar], bits: usize, w: usize) -> A::Sum {
    let (one, length) = (A::sum(&A::identity()), count(bits, w));
    let digits: Vec<i32> = x
        .iter()
        .flat_map(|x_i| digits::<A>(x_i, w, length))
        .collect();
    let mut product = one;
    for k in (0..length).rev() {
        for _ in 0..w {
            product = A::square(&product);
        }
        let mut buckets = vec![one; 1 << (w - 1)];
        for (a_i, digits_i) in a.iter().zip(digits.chunks(length)) {
            let digit = digits_i[k];
            let place = digit.unsigned_abs() as usize;
            if digit > 0 {
                buckets[place - 1] = A::multiply(&buckets[place - 1], a_i);
            } else if digit < 0 {
                buckets[place - 1] = A::divide(&buckets[place - 1], a_i);
            }
        }
        // ∏ bucket_d^d: the product of all products of the last ones.
        let (mut running, mut total) = (one, one);
        for bucket in buckets.iter().rev() {
            running = A::multiply_sums(&running, bucket);
            total = A::multiply_sums(&total, &running);
        }
        product = A::multiply_sums(&product, &total);
    }
    product
}
