//! Imports: resolves the names that each file uses to the files that define them.
//!
//! A name is followed through every re-export. A path that ends in a module is
//! not a use of that module's file: only an item is used.

use std::collections::{BTreeMap, HashMap};

use crate::circles::Graph;
use crate::references::{Scope, scopes};
use crate::sources::Source;

/// How many re-exports a name may pass.
const MAX_DEPTH: usize = 16;

/// A name's meaning: a module, or an item that a module defines.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Module(usize),
    Item(usize),
}

/// The modules of one package.
struct Modules {
    package: String,
    scopes: Vec<Scope>,
    /// The file of each scope.
    files: Vec<String>,
    by_path: HashMap<Vec<String>, usize>,
}

/// Returns which file of `package` uses which other, each with one name as an
/// example. `sources` are the files below `src`.
pub fn uses(package: &str, sources: &[Source]) -> Graph {
    let modules = Modules::new(package, sources);
    let mut graph = BTreeMap::new();
    for (index, scope) in modules.scopes.iter().enumerate() {
        let user = &modules.files[index];
        let mut add = |path: &[String], used: String| {
            if used != *user {
                let edge = (user.clone(), used);
                graph.entry(edge).or_insert_with(|| path.join("::"));
            }
        };
        for import in scope.imports.iter().filter(|it| it.name != "*") {
            for used in modules.defining_files(index, &import.path) {
                if !(import.is_public && is_below(&used, user)) {
                    add(&import.path, used);
                }
            }
        }
        for path in &scope.named {
            for used in modules.defining_files(index, path) {
                add(path, used);
            }
        }
    }
    graph
}

/// Returns `true` if `head` is the `mod.rs` or `lib.rs` of a folder with `file` in it.
fn is_below(file: &str, head: &str) -> bool {
    let folder = ["mod.rs", "lib.rs"]
        .iter()
        .find_map(|it| head.strip_suffix(it));
    folder.is_some_and(|folder| file.starts_with(folder))
}

impl Modules {
    fn new(package: &str, sources: &[Source]) -> Modules {
        let mut modules = Modules {
            package: package.to_string(),
            scopes: Vec::new(),
            files: Vec::new(),
            by_path: HashMap::new(),
        };
        for source in sources {
            let path = module_path(&source.path);
            let parsed = scopes(path, &source.text);
            for scope in parsed.unwrap_or_else(|why| panic!("{}: {why}", source.path)) {
                modules.scopes.push(scope);
                modules.files.push(source.path.clone());
            }
        }
        modules.leave_out_tests();
        let paths = modules.scopes.iter().enumerate();
        modules.by_path = paths.map(|(index, it)| (it.path.clone(), index)).collect();
        modules
    }

    /// Drops the files that only tests see, with their children.
    fn leave_out_tests(&mut self) {
        let hidden = self.scopes.iter().flat_map(|scope| {
            let child = |name: &String| [&scope.path[..], std::slice::from_ref(name)].concat();
            scope.test_modules.iter().map(child)
        });
        let hidden: Vec<Vec<String>> = hidden.collect();
        let is_kept = |path: &[String]| !hidden.iter().any(|it| path.starts_with(it));
        let kept: Vec<bool> = self.scopes.iter().map(|it| is_kept(&it.path)).collect();
        let mut keep = kept.iter();
        self.scopes.retain(|_| *keep.next().unwrap());
        let mut keep = kept.iter();
        self.files.retain(|_| *keep.next().unwrap());
    }

    /// Returns the files that define what `path` names in module `from`.
    fn defining_files(&self, from: usize, path: &[String]) -> Vec<String> {
        let targets = self.resolve(from, path, 0).into_iter();
        let items = targets.filter_map(|target| match target {
            Target::Item(module) => Some(self.files[module].clone()),
            Target::Module(_) => None,
        });
        items.collect()
    }

    fn resolve(&self, from: usize, path: &[String], depth: usize) -> Vec<Target> {
        let Some((first, mut rest)) = path.split_first() else {
            return Vec::new();
        };
        let mut targets = match first.as_str() {
            "crate" => self.module(&self.scopes[from].path[..self.crate_depth(from)]),
            "self" => vec![Target::Module(from)],
            "super" => self.parent(from),
            "Self" => Vec::new(),
            _ => self.look_up(from, first, depth),
        };
        if targets.is_empty() && *first == self.package {
            targets = self.module(&[]);
        }
        while let [word, after @ ..] = rest {
            let step = |target: &Target| match (*target, word.as_str()) {
                (Target::Module(module), "super") => self.parent(module),
                (Target::Module(module), _) => self.look_up(module, word, depth),
                // A variant, a constant or a function of the item.
                (item, _) => vec![item],
            };
            targets = targets.iter().flat_map(step).collect();
            rest = after;
        }
        targets
    }

    /// Returns what `name` means in a module: an item, a child or an import.
    fn look_up(&self, module: usize, name: &str, depth: usize) -> Vec<Target> {
        if depth > MAX_DEPTH {
            return Vec::new();
        }
        let scope = &self.scopes[module];
        let mut found = Vec::new();
        if scope.items.iter().any(|item| item == name) {
            found.push(Target::Item(module));
        }
        let child = [&scope.path[..], &[name.to_string()]].concat();
        found.extend(self.module(&child));
        for import in scope.imports.iter().filter(|it| it.name == name) {
            found.extend(self.resolve(module, &import.path, depth + 1));
        }
        if found.is_empty() {
            for glob in scope.imports.iter().filter(|it| it.name == "*") {
                for target in self.resolve(module, &glob.path, depth + 1) {
                    if let Target::Module(other) = target {
                        found.extend(self.look_up(other, name, depth + 1));
                    }
                }
            }
        }
        found
    }

    fn module(&self, path: &[String]) -> Vec<Target> {
        let index = self.by_path.get(path);
        index.map(|&it| Target::Module(it)).into_iter().collect()
    }

    fn parent(&self, module: usize) -> Vec<Target> {
        let path = &self.scopes[module].path;
        self.module(&path[..path.len().saturating_sub(1)])
    }

    /// The program and the library in `src` are two crates.
    fn crate_depth(&self, module: usize) -> usize {
        let first = self.scopes[module].path.first();
        usize::from(first.is_some_and(|it| it == "main"))
    }
}

/// Returns the module of a file: `a::b` for `a/b.rs` and for `a/b/mod.rs`.
fn module_path(file: &str) -> Vec<String> {
    let name = file.strip_suffix(".rs").unwrap_or(file);
    let mut path: Vec<String> = name.split('/').map(str::to_string).collect();
    if name == "lib" || path.last().is_some_and(|it| it == "mod") {
        path.pop();
    }
    path
}
