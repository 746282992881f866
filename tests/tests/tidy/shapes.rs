//! Shapes: functions and files that fit one reading, and heads of folders.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::references::{attributes, is_for_tests};
use crate::sources::{PACKAGES, code, files, lines_without_tests};

/// The longest file, in lines without its tests.
const MAX_FILE: usize = 300;

/// The longest function, in lines from its name to its last brace.
const MAX_FUNCTION: usize = 50;

/// The lines in the head of each folder: they say what is allowed there.
const HEAD: [&str; 3] = ["//! Writes:", "//! Locks:", "//! Blocks:"];

#[test]
fn no_file_is_longer_than_one_reading() {
    let mut found = Vec::new();
    for package in PACKAGES {
        for source in code(package) {
            let lines = lines_without_tests(&source.text);
            if lines > MAX_FILE {
                found.push(format!("{package}/src/{}: {lines}", source.path));
            }
        }
    }
    assert!(
        found.is_empty(),
        "more than {MAX_FILE} lines without tests: {found:#?}"
    );
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut found = Vec::new();
    for package in PACKAGES {
        for source in files(package, &["rs"]) {
            for (name, lines) in functions(&source.text) {
                if lines > MAX_FUNCTION {
                    found.push(format!("{package}/{}: {name}, {lines}", source.path));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "functions of more than {MAX_FUNCTION} lines: {found:#?}"
    );
}

/// Returns the functions in `text` with their lengths, comments inside counted
/// and those before not. Functions under `cfg(test)` are left out.
fn functions(text: &str) -> Vec<(String, usize)> {
    let mut lengths = Lengths(Vec::new());
    lengths.visit_file(&syn::parse_file(text).unwrap());
    lengths.0
}

struct Lengths(Vec<(String, usize)>);

impl Lengths {
    fn add(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.span().start().line;
        let last = body.brace_token.span.close().end().line;
        self.0.push((signature.ident.to_string(), last + 1 - first));
    }
}

impl<'ast> Visit<'ast> for Lengths {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            self.add(&function.sig, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[test]
fn a_length_counts_comments_inside_and_not_before() {
    let text = "\
/// Before.
#[inline]
pub fn a(
    b: u8,
) {
    // Inside.
}

impl A {
    fn c() { }

    #[cfg(test)]
    fn d() {}
}

#[cfg(test)]
mod tests {
    fn e() {}
}
";
    let expected = [("a".to_string(), 5), ("c".to_string(), 1)];
    assert_eq!(functions(text), expected);
}

#[test]
fn each_folder_says_who_writes_locks_and_blocks() {
    let mut found = Vec::new();
    for package in PACKAGES {
        let sources = code(package).into_iter();
        for source in sources.filter(|it| it.path.ends_with("mod.rs")) {
            let missing = missing_heads(&source.text);
            if !missing.is_empty() {
                found.push(format!("{package}/src/{}: {missing:?}", source.path));
            }
        }
    }
    assert!(
        found.is_empty(),
        "heads of folders that lack lines: {found:#?}"
    );
}

fn missing_heads(text: &str) -> Vec<&'static str> {
    let has = |head: &&str| text.lines().any(|line| line.starts_with(*head));
    HEAD.into_iter().filter(|head| !has(head)).collect()
}

#[test]
fn a_head_has_three_lines() {
    let text = "//! Files.\n//!\n//! Writes: nothing.\n//! Blocks: no.\nuse Locks;";
    assert_eq!(missing_heads(text), ["//! Locks:"]);
}
