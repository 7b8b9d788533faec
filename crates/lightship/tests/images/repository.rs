//! Each image within its budget, and the document about them true.

use crate::workshop::Workshop;

#[test]
fn the_worker_keeps_to_its_budget() {
    let Some(workshop) = Workshop::open() else { return };
    workshop.build("worker").keeps_to_its_budget();
}

#[test]
fn the_worker_with_git_keeps_to_its_budget_and_to_the_specifications() {
    let Some(workshop) = Workshop::open() else { return };
    let image = workshop.build("worker-git");
    image.keeps_to_its_budget();
    image.keeps_to("500MB");
}

#[test]
fn the_worker_without_the_cli_keeps_to_its_budget() {
    let Some(workshop) = Workshop::open() else { return };
    workshop.build("worker-light").keeps_to_its_budget();
}

#[test]
fn the_core_image_keeps_to_a_quarter_of_what_the_specification_allows() {
    let Some(workshop) = Workshop::open() else { return };
    if !rustix::process::geteuid().is_root() {
        println!("not run: only root starts the gateway for its cache");
        return;
    }
    let image = workshop.build("loa-core");
    image.keeps_to_its_budget();
    image.keeps_to("800MB");
}

#[test]
fn a_budget_that_an_image_misses_is_a_no() {
    let Some(workshop) = Workshop::open() else { return };
    let image = workshop.build("worker-light");
    let (said, code) = image.check("10MB");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("NO-GO"), "{said}");
}

#[test]
fn the_report_on_the_worker_shows_the_figures_of_a_new_build() {
    let Some(workshop) = Workshop::open() else { return };
    workshop.report_is_true();
}
