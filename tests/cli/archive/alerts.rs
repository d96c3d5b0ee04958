//! The README's alert rules: that they fire when they should, and use metrics that exist.

use std::fs;
use std::path::Path;

use super::fleet::{Fleet, NORTH};
use super::metrics::{promtool, told};

/// The alert rules of the README.
fn alert_rules() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, rules) = readme.split_once("```yaml\n").unwrap();
    rules.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_readmes_alert_rules_fire_when_they_should_and_only_then() {
    const TESTS: &str = r#"
rule_files: [rules.yml]
evaluation_interval: 1h
tests:
  - name: all is well
    interval: 1h
    input_series:
      - {series: jdredis_archive_sync_end_timestamp_seconds, values: "0+3600x400"}
      - {series: jdredis_archive_sync_exit_code, values: "0x400"}
      - {series: 'jdredis_archive_last_success_timestamp_seconds{region="r",cache_instance="i"}', values: "0+3600x400"}
      - {series: 'jdredis_archive_state{region="r",cache_instance="i",state="fresh"}', values: "1x400"}
      - {series: 'jdredis_archive_state{region="r",cache_instance="i",state="shrunk"}', values: "0x400"}
      - {series: 'jdredis_archive_last_success_timestamp_seconds{region="r",cache_instance="gone"}', values: "0x400"}
      - {series: 'jdredis_archive_state{region="r",cache_instance="gone",state="gone"}', values: "1x400"}
    alert_rule_test:
      - {eval_time: 300h, alertname: RedisArchiveNotRun, exp_alerts: []}
      - {eval_time: 300h, alertname: RedisArchiveFailing, exp_alerts: []}
      - {eval_time: 300h, alertname: RedisBackupStale, exp_alerts: []}
      - {eval_time: 300h, alertname: RedisBackupShrunk, exp_alerts: []}
  - name: it never ran
    interval: 1h
    input_series: []
    alert_rule_test:
      - eval_time: 1h
        alertname: RedisArchiveNotRun
        exp_alerts: [{exp_annotations: {summary: No archive sync has ended for 26 hours}}]
  - name: it stopped, and the last run had failed
    interval: 1h
    input_series:
      - {series: jdredis_archive_sync_end_timestamp_seconds, values: "0x400"}
      - {series: jdredis_archive_sync_exit_code, values: "0x10 7x400"}
      - {series: 'jdredis_archive_last_success_timestamp_seconds{region="r",cache_instance="i"}', values: "0x400"}
      - {series: 'jdredis_archive_state{region="r",cache_instance="i",state="shrunk"}', values: "0x10 1x400"}
    alert_rule_test:
      - {eval_time: 25h, alertname: RedisArchiveNotRun, exp_alerts: []}
      - eval_time: 27h
        alertname: RedisArchiveNotRun
        exp_alerts: [{exp_annotations: {summary: No archive sync has ended for 26 hours}}]
      - {eval_time: 9h, alertname: RedisArchiveFailing, exp_alerts: []}
      - eval_time: 12h
        alertname: RedisArchiveFailing
        exp_alerts: [{exp_annotations: {summary: The last archive sync ended with exit code 7}}]
      - {eval_time: 191h, alertname: RedisBackupStale, exp_alerts: []}
      - eval_time: 193h
        alertname: RedisBackupStale
        exp_alerts:
          - exp_labels: {region: r, cache_instance: i}
            exp_annotations: {summary: r/i has no backup of the last 8 days}
      - {eval_time: 9h, alertname: RedisBackupShrunk, exp_alerts: []}
      - eval_time: 12h
        alertname: RedisBackupShrunk
        exp_alerts:
          - exp_labels: {region: r, cache_instance: i, state: shrunk}
            exp_annotations: {summary: The newest backup of r/i is less than half of those before it}
"#;
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yml");
    let tests = folder.path().join("tests.yml");
    fs::write(&rules, alert_rules()).unwrap();
    fs::write(&tests, TESTS).unwrap();
    if let Some(said) = promtool(&["check", "rules", rules.to_str().unwrap()], "") {
        assert!(said.contains("SUCCESS: 4 rules found"), "{said}");
        promtool(&["test", "rules", tests.to_str().unwrap()], "");
    }
}

#[test]
fn the_readmes_alert_rules_use_metrics_that_are_written() {
    let fleet = Fleet::new();
    fleet.add(NORTH, "redis-a", &[2]);
    let text = told(&fleet, 0, &[]);
    let rules = alert_rules();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names: Vec<&str> = rules
        .split(|c| !is_name(c))
        .filter(|word| word.starts_with("jdredis_"))
        .collect();
    assert!(names.len() > 5);
    for name in names {
        assert!(text.contains(&format!("# TYPE {name} gauge\n")), "{name} in {text}");
    }
}
