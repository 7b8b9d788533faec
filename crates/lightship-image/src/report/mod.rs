//! A page about an image: one HTML file that needs nothing else.
//!
//! Names in an image may be anything, so they reach the page only as data: JSON in which no
//! `<` is left, put into the document as text. The page's own policy forbids it to fetch.

mod data;
mod fold;

use crate::measure::Measurement;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page about `image`, held against another if there is one.
///
/// # Errors
/// When the data can't be written as JSON, which would be a fault of lightship.
pub fn html(image: &Measurement, against: Option<&Measurement>) -> serde_json::Result<String> {
    let data = serde_json::to_string(&data::data(image, against))?;
    let name = crate::measure::printable(image.name.as_bytes());
    let page = [("/*STYLE*/", STYLE), ("/*SCRIPT*/", SCRIPT)].into_iter();
    let page = page.fold(PAGE.to_owned(), |page, (mark, text)| page.replacen(mark, text, 1));
    // What came in last is not looked at again: data may hold any mark.
    let page = page.replacen("/*TITLE*/", &escape(&name), 1);
    Ok(page.replacen("/*DATA*/", &inert(&data), 1))
}

/// JSON in which nothing ends a script element, or begins a comment.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('/', "&#47;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    /// The JSON that a page carries.
    fn embedded(page: &str) -> serde_json::Value {
        let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
    }

    #[test]
    fn hostile_names_stay_data() {
        let mut sample = Sample::new();
        let name = "a/</script><script>alert(1)</script><!--\u{2028}/*DATA*/";
        sample.file(name, 10);
        let mut image = sample.measurement();
        image.name = "</title><script>alert(2)</script>/*DATA*/".to_owned();
        let page = html(&image, None).unwrap();
        assert_eq!(page.matches("<script").count(), 2);
        assert!(!page.contains("alert(1)</script>") && !page.contains("alert(2)</script>"));
        assert_eq!(embedded(&page)["image"]["name"], image.name);
        assert!(embedded(&page).to_string().contains("alert(1)"));
    }

    #[test]
    fn a_large_image_stays_a_small_page_and_no_byte_is_lost() {
        let mut sample = Sample::new();
        for package in 0..40 {
            sample.package(&format!("package-{package}"), "", None);
            for file in 0..500 {
                let path = format!("usr/share/p{package}/d{}/file-{file}.txt", file % 25);
                sample.file(&path, 100 + file * 7 % 901);
            }
        }
        let image = sample.measurement();
        let page = html(&image, None).unwrap();
        assert!(page.len() < 1_000_000, "{}", page.len());
        let data = embedded(&page);
        let sum = |at: usize| -> u64 {
            let leaves = data["leaves"].as_array().unwrap();
            leaves.iter().map(|leaf| leaf[at].as_u64().unwrap()).sum()
        };
        assert_eq!(sum(4), image.live_total().unpacked);
        assert_eq!(sum(5), image.live_total().packed);
    }

    #[test]
    fn the_other_image_is_told_file_by_file() {
        let mut before = Sample::new();
        before.file("same", 10);
        before.file("grown", 10);
        before.file("gone", 10);
        let mut after = Sample::new();
        after.file("same", 10);
        after.file("grown", 30);
        after.file("new", 5);
        let page = html(&after.measurement(), Some(&before.measurement())).unwrap();
        let data = embedded(&page);
        let leaf = |name: &str| {
            let leaves = data["leaves"].as_array().unwrap();
            let leaf = leaves.iter().find(|leaf| leaf[1] == name).unwrap();
            (leaf[4].as_u64().unwrap(), leaf[6].as_u64().unwrap())
        };
        assert_eq!(leaf("same"), (10, 10));
        assert_eq!(leaf("grown"), (30, 10));
        assert_eq!(leaf("gone"), (0, 10));
        assert_eq!(leaf("new"), (5, 0));
    }
}
