//! Collects the vectors of one format.

use super::Case;

/// Vectors of one format.
pub struct Set {
    format: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub cases: Vec<Case>,
}

impl Set {
    pub fn new(format: &'static str) -> Set {
        Set { format, headers: Vec::new(), cases: Vec::new() }
    }

    pub fn add(&mut self, expect: &str, name: &str, comment: &str, bytes: &[u8]) {
        let case = Case {
            format: self.format,
            name: name.to_owned(),
            expect: expect.to_owned(),
            comment: comment.to_owned(),
            headers: self.headers.clone(),
            bytes: bytes.to_vec(),
        };
        self.cases.push(case);
    }

    pub fn valid(&mut self, name: &str, comment: &str, text: &str) {
        self.add("valid", name, comment, text.as_bytes());
    }

    pub fn invalid(&mut self, name: &str, comment: &str, text: &str) {
        self.add("invalid", name, comment, text.as_bytes());
    }

    /// `base` with the first `from` replaced.
    pub fn fault(&mut self, base: &str, name: &str, comment: &str, from: &str, to: &str) {
        assert!(base.contains(from), "{name}: {from}");
        self.invalid(name, comment, &base.replacen(from, to, 1));
    }

    /// The faults that no text of ours may have.
    pub fn text_faults(&mut self, base: &str) {
        self.invalid("empty", "Nothing at all.", "");
        self.invalid("no-last-lf", "The last LF is missing.", base.strip_suffix('\n').unwrap());
        self.fault(base, "crlf", "The first line ends in CR LF.", "\n", "\r\n");
        self.fault(base, "space-at-end", "A space stands at the end of the first line.", "\n", " \n");
        self.invalid("bom", "A byte order mark stands before the first line.", &format!("\u{feff}{base}"));
        self.invalid("line-after", "A line stands after the last one.", &format!("{base}more\n"));
        self.invalid("empty-line-first", "An empty line stands before the first one.", &format!("\n{base}"));
        let not_utf8 = base.as_bytes().iter().enumerate().map(|(at, &byte)| if at == 3 { 0xff } else { byte });
        self.add("invalid", "not-utf8", "The fourth byte is 255, which no UTF-8 has.", &not_utf8.collect::<Vec<_>>());
    }
}
