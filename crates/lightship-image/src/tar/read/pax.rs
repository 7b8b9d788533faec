//! PAX headers: records of `LENGTH KEY=VALUE\n` that replace what the next header says.

use super::sparse::Map;

/// What stands in front of an entry's own header.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    /// Of GNU's headers, which PAX goes before.
    pub(super) long_path: Option<Vec<u8>>,
    pub(super) long_link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<i64>,
    pub(super) sparse: Sparse,
}

/// The three formats of sparse files in PAX.
#[derive(Debug, Default)]
pub(super) struct Sparse {
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Format 1.0: the table stands in front of the content.
    pub(super) in_content: bool,
    numbers: Option<Vec<u64>>,
    major: Option<u64>,
}

impl Extended {
    /// Reads the records of one header.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), &'static str> {
        const WRONG: &str = "a PAX record is wrong";
        while !bytes.is_empty() {
            let blank = bytes.iter().position(|byte| *byte == b' ').ok_or(WRONG)?;
            let length = decimal(&bytes[..blank]).and_then(|length| usize::try_from(length).ok());
            let length = length.filter(|length| *length > blank + 1).ok_or(WRONG)?;
            let record = bytes.get(blank + 1..length).ok_or(WRONG)?;
            let record = record.strip_suffix(b"\n").ok_or(WRONG)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or(WRONG)?;
            self.record(&record[..equals], &record[equals + 1..])?;
            bytes = &bytes[length..];
        }
        Ok(())
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        const NUMBER: &str = "a number of a PAX record is wrong";
        let number = || decimal(value).ok_or(NUMBER);
        // An empty value takes back what an earlier one said.
        let text = || {
            if value.contains(&0) {
                return Err("a name of a PAX record has a zero in it");
            }
            Ok((!value.is_empty()).then(|| value.to_vec()))
        };
        let optional = || if value.is_empty() { Ok(None) } else { number().map(Some) };
        match key {
            b"path" => self.path = text()?,
            b"linkpath" => self.link = text()?,
            b"size" => self.size = optional()?,
            b"uid" => self.uid = optional()?,
            b"gid" => self.gid = optional()?,
            b"mtime" => {
                self.mtime =
                    if value.is_empty() { None } else { Some(seconds(value).ok_or(NUMBER)?) }
            }
            b"GNU.sparse.name" => self.sparse.name = text()?,
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.sparse.size = Some(number()?),
            b"GNU.sparse.major" => {
                self.sparse.major = Some(number()?);
                self.sparse.in_content = self.sparse.major == Some(1);
            }
            b"GNU.sparse.map" => {
                let numbers = value.split(|byte| *byte == b',').filter(|part| !part.is_empty());
                let numbers: Option<Vec<u64>> = numbers.map(decimal).collect();
                self.sparse.numbers = Some(numbers.ok_or(NUMBER)?);
            }
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => {
                self.sparse.numbers.get_or_insert_default().push(number()?);
            }
            _ => (),
        }
        Ok(())
    }
}

impl Sparse {
    /// The map of formats 0.0 and 0.1, if it is such a file; `stored` bytes are in the tar.
    pub(super) fn map(&self, stored: u64) -> Result<Option<Map>, &'static str> {
        let Some(numbers) = &self.numbers else { return Ok(None) };
        if numbers.len() % 2 != 0 {
            return Err("the table of a sparse file has an odd number");
        }
        let size = self.size.ok_or("a sparse file does not say its size")?;
        let pieces = numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        Map::new(pieces, size, stored).map(Some)
    }
}

/// A number of decimal digits alone.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whole seconds of a time that may have a fraction, rounded down.
fn seconds(value: &[u8]) -> Option<i64> {
    let (negative, value) = match value.strip_prefix(b"-") {
        Some(value) => (true, value),
        None => (false, value),
    };
    let mut parts = value.splitn(2, |byte| *byte == b'.');
    let whole = i64::try_from(decimal(parts.next().filter(|whole| !whole.is_empty())?)?).ok()?;
    let fraction = parts.next().unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let below = negative && fraction.iter().any(|digit| *digit != b'0');
    Some(if negative { -whole - i64::from(below) } else { whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_and_the_last_one_holds() {
        let mut extended = Extended::default();
        extended.read(b"9 path=a\n9 path=b\n13 uid=70000\n20 mtime=-1.5000000\n").unwrap();
        assert_eq!(extended.path.as_deref(), Some(&b"b"[..]));
        assert_eq!((extended.uid, extended.mtime), (Some(70000), Some(-2)));
        extended.read(b"8 path=\n").unwrap();
        assert_eq!(extended.path, None);
    }

    #[test]
    fn records_that_are_wrong_are_told() {
        for bytes in [
            &b"x"[..],
            b"0 \n",
            b"2 \n",
            b"99 path=a\n",
            b"9 path=a ",
            b"7 path\n",
            b"99999999999999999999 path=a\n",
            b"11 size=-1\n",
            b"10 path=a\0\n",
        ] {
            assert!(Extended::default().read(bytes).is_err(), "{bytes:?}");
        }
    }
}
