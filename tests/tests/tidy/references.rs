//! References: collects what a file defines, imports and names.
//!
//! Items for tests are left out. The tokens of a macro call are searched for
//! paths, because `syn` does not parse them.

use std::collections::HashSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// An import: the name that it binds, and the path that the name stands for.
#[derive(Debug)]
pub struct Import {
    /// `*` for a glob.
    pub name: String,
    pub path: Vec<String>,
    /// `true` for a `pub use`, which hands a name on without using it.
    pub is_public: bool,
}

/// A module, which is a file or a `mod` block inside of one.
#[derive(Debug, Default)]
pub struct Scope {
    pub path: Vec<String>,
    /// The names of the items that it defines.
    pub items: Vec<String>,
    pub imports: Vec<Import>,
    /// The paths that its code names.
    pub named: Vec<Vec<String>>,
    /// The modules with files of their own that only tests see.
    pub test_modules: Vec<String>,
}

/// Returns the modules in `text`, the file's own module first.
///
/// # Errors
///
/// If `text` is not Rust.
pub fn scopes(path: Vec<String>, text: &str) -> syn::Result<Vec<Scope>> {
    let file = syn::parse_file(text)?;
    let mut collector = Collector {
        scopes: vec![Scope {
            path,
            ..Scope::default()
        }],
        current: 0,
        variables: HashSet::new(),
    };
    for item in &file.items {
        collector.define(item);
    }
    collector.visit_file(&file);
    for scope in &mut collector.scopes {
        let variables = &collector.variables;
        let is_variable = |path: &Vec<String>| path.len() == 1 && variables.contains(&path[0]);
        scope.named.retain(|path| !is_variable(path));
    }
    Ok(collector.scopes)
}

struct Collector {
    scopes: Vec<Scope>,
    current: usize,
    /// The names that patterns bind. One of them alone is not a reference.
    variables: HashSet<String>,
}

impl Collector {
    fn scope(&mut self) -> &mut Scope {
        &mut self.scopes[self.current]
    }

    /// Records the name of an item at the top of the current module.
    fn define(&mut self, item: &syn::Item) {
        if is_for_tests(attributes(item)) {
            if let syn::Item::Mod(module) = item
                && module.content.is_none()
            {
                let name = module.ident.to_string();
                self.scope().test_modules.push(name);
            }
            return;
        }
        let name = match item {
            syn::Item::Const(it) => &it.ident,
            syn::Item::Enum(it) => &it.ident,
            syn::Item::Fn(it) => &it.sig.ident,
            syn::Item::Static(it) => &it.ident,
            syn::Item::Struct(it) => &it.ident,
            syn::Item::Trait(it) => &it.ident,
            syn::Item::Type(it) => &it.ident,
            syn::Item::Union(it) => &it.ident,
            syn::Item::Macro(syn::ItemMacro {
                ident: Some(it), ..
            }) => it,
            _ => return,
        };
        let name = name.to_string();
        self.scope().items.push(name);
    }

    /// Records the names that a `use` binds.
    fn import(&mut self, tree: &syn::UseTree, mut path: Vec<String>, is_public: bool) {
        let name = match tree {
            syn::UseTree::Path(it) => {
                path.push(it.ident.to_string());
                return self.import(&it.tree, path, is_public);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path.clone(), is_public);
                }
                return;
            }
            syn::UseTree::Glob(_) => "*".to_string(),
            syn::UseTree::Name(it) if it.ident == "self" => path.last().cloned().unwrap(),
            syn::UseTree::Name(it) => {
                path.push(it.ident.to_string());
                it.ident.to_string()
            }
            syn::UseTree::Rename(it) => {
                if it.ident != "self" {
                    path.push(it.ident.to_string());
                }
                it.rename.to_string()
            }
        };
        self.scope().imports.push(Import {
            name,
            path,
            is_public,
        });
    }

    /// Finds the paths in the tokens of a macro call: words joined by `::`.
    fn search(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match &token {
                TokenTree::Ident(word) => {
                    if colons < 2 {
                        self.end_of_path(&mut path);
                    }
                    path.push(word.to_string());
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => {
                    self.end_of_path(&mut path);
                    self.search(group.stream());
                }
                _ => self.end_of_path(&mut path),
            }
            colons = 0;
        }
        self.end_of_path(&mut path);
    }

    fn end_of_path(&mut self, path: &mut Vec<String>) {
        if !path.is_empty() {
            let path = std::mem::take(path);
            self.scope().named.push(path);
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !is_for_tests(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let Some((_, items)) = &module.content else {
            return;
        };
        let mut path = self.scope().path.clone();
        path.push(module.ident.to_string());
        let outer = std::mem::replace(&mut self.current, self.scopes.len());
        self.scopes.push(Scope {
            path,
            ..Scope::default()
        });
        for item in items {
            self.define(item);
            self.visit_item(item);
        }
        self.current = outer;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        self.import(&item.tree, Vec::new(), is_public);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words = path.segments.iter().map(|it| it.ident.to_string());
        let words = words.collect();
        self.scope().named.push(words);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.search(call.tokens.clone());
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.variables.insert(pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

/// Returns `true` if `attributes` have a `cfg(test)`.
pub fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return false;
        };
        let text = list.tokens.to_string();
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        let is_negated = words.clone().any(|word| word == "not");
        attribute.path().is_ident("cfg") && !is_negated && words.any(|word| word == "test")
    })
}

/// Returns the attributes of an item, whatever it is.
pub fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(it) => &it.attrs,
        syn::Item::Enum(it) => &it.attrs,
        syn::Item::ExternCrate(it) => &it.attrs,
        syn::Item::Fn(it) => &it.attrs,
        syn::Item::Impl(it) => &it.attrs,
        syn::Item::Macro(it) => &it.attrs,
        syn::Item::Mod(it) => &it.attrs,
        syn::Item::Static(it) => &it.attrs,
        syn::Item::Struct(it) => &it.attrs,
        syn::Item::Trait(it) => &it.attrs,
        syn::Item::Type(it) => &it.attrs,
        syn::Item::Union(it) => &it.attrs,
        syn::Item::Use(it) => &it.attrs,
        _ => &[],
    }
}
