//! Import rules: no file and no folder uses another that uses it back.

use crate::circles::{circles, folder_circles};
use crate::imports::uses;
use crate::sources::{PACKAGES, Source, code};

#[test]
fn no_two_files_import_each_other() {
    let mut found = Vec::new();
    for package in PACKAGES {
        let graph = uses(package, &code(package));
        found.extend(
            circles(&graph)
                .into_iter()
                .map(|it| format!("{package}: {it}")),
        );
    }
    assert!(
        found.is_empty(),
        "files that use each other; move what they share to a file of its own:\n{}",
        found.join("\n")
    );
}

#[test]
fn no_two_folders_import_each_other() {
    let mut found = Vec::new();
    for package in PACKAGES {
        let graph = uses(package, &code(package));
        let circles = folder_circles(&graph).into_iter();
        found.extend(circles.map(|it| format!("{package}: {it}")));
    }
    assert!(
        found.is_empty(),
        "children of one folder that use each other, each folder as a whole:\n{}",
        found.join("\n")
    );
}

/// Returns the sources of a package from pairs of path and text.
fn package(files: &[(&str, &str)]) -> Vec<Source> {
    let source = |(path, text): &(&str, &str)| Source {
        path: (*path).to_string(),
        text: (*text).to_string(),
    };
    files.iter().map(source).collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let graph = uses("it", &package(files));
    let found = circles(&graph);
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, expected, "{graph:#?}");
}

#[test]
fn a_circle_through_crate_and_super_is_found() {
    check(
        &[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; pub struct A(B);"),
            ("b.rs", "pub struct B; fn f() { let _: super::a::A; }"),
        ],
        &["a.rs -[crate::b::B]-> b.rs -[super::a::A]-> a.rs"],
    );
}

#[test]
fn a_circle_through_a_re_export_is_found() {
    check(
        &[
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            ("a.rs", "use crate::b::B; pub struct A(B);"),
            ("b.rs", "use crate::A as Renamed; pub struct B;"),
        ],
        &["a.rs -[crate::b::B]-> b.rs -[crate::A]-> a.rs"],
    );
    check(
        &[
            ("x/mod.rs", "mod a; pub use a::*;"),
            ("x/a.rs", "pub struct A(super::super::b::B);"),
            ("b.rs", "use crate::x::*; pub struct B; fn f(_: A) {}"),
            ("lib.rs", "mod x; mod b;"),
        ],
        &["b.rs -[A]-> x/a.rs -[super::super::b::B]-> b.rs"],
    );
}

#[test]
fn a_child_that_uses_what_its_using_parent_defines_is_a_circle() {
    check(
        &[
            ("lib.rs", "mod x;"),
            (
                "x/mod.rs",
                "mod a; pub use a::A; pub const N: u8 = 0; fn f(_: A) {}",
            ),
            ("x/a.rs", "pub struct A; fn f() { assert_eq!(super::N, 0) }"),
        ],
        &["x/a.rs -[super::N]-> x/mod.rs -[A]-> x/a.rs"],
    );
}

#[test]
fn a_re_export_alone_is_no_use() {
    check(
        &[
            ("lib.rs", "mod x; pub use x::A; pub const M: u8 = 1;"),
            ("x/mod.rs", "mod a; pub use a::A; pub const N: u8 = 0;"),
            ("x/a.rs", "use super::N; pub struct A([u8; crate::M]);"),
        ],
        &[],
    );
}

#[test]
fn a_re_export_of_an_item_of_another_folder_is_a_use() {
    check(
        &[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub use crate::b::B; pub struct A;"),
            ("b.rs", "pub struct B(crate::a::A);"),
        ],
        &["a.rs -[crate::b::B]-> b.rs -[crate::a::A]-> a.rs"],
    );
}

#[test]
fn modules_tests_and_variables_are_no_uses() {
    check(
        &[
            (
                "lib.rs",
                "mod a; mod b; #[cfg(test)] mod c; pub use a::name;",
            ),
            (
                "a.rs",
                "use crate::{b, c}; pub fn name() {} #[cfg(test)] mod tests { use crate::b::B; }",
            ),
            (
                "b.rs",
                "pub struct B; fn f(name: u8) -> u8 { crate::a::name(); name }",
            ),
            ("c.rs", "use crate::a::name;"),
            ("main.rs", "use it::name; fn main() { crate::main() }"),
        ],
        &[],
    );
}

#[test]
fn folders_that_use_each_other_by_different_files_are_found() {
    let files = package(&[
        ("lib.rs", "mod x; mod y;"),
        ("x/mod.rs", "pub mod a; pub mod b;"),
        ("x/a.rs", "pub struct A(crate::y::c::C);"),
        ("x/b.rs", "pub struct B;"),
        ("y/mod.rs", "pub mod c; pub mod d;"),
        ("y/c.rs", "pub struct C;"),
        ("y/d.rs", "pub struct D(crate::x::b::B);"),
    ]);
    let graph = uses("it", &files);
    assert!(circles(&graph).is_empty());
    let found = folder_circles(&graph);
    let expected = "x/ -[crate::y::c::C in x/a.rs]-> y/ -[crate::x::b::B in y/d.rs]-> x/";
    assert_eq!(found, [expected]);
}
