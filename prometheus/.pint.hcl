# What pint asks of the rules beyond its own checks, all of which are on. In this folder: `pint --offline lint --min-severity=info rules`.
# grafana/test adds a Prometheus to ask. rule/link is not asked for: it needs the network, and a test holds each link to its section.

# The *.test.yml beside the rules are promtool's unit tests.
parser {
  exclude = ["(.*/)?rules/[^/]+[.]test[.]yml"]
}

rule {
  match {
    kind = "alerting"
  }

  name "[A-Z][A-Za-z]+" {
    comment  = "An alert is named as in docs/runbooks.md, whose section it has."
    severity = "bug"
  }

  # Alertmanager routes by these three; another one would reach nobody in particular.
  label "severity" {
    required = true
    values   = ["critical", "warning", "info"]
    severity = "bug"
  }

  annotation "summary" {
    required = true
    severity = "bug"
  }

  annotation "description" {
    required = true
    severity = "bug"
  }

  annotation "runbook_url" {
    required = true
    value    = "https://techmart[.]dev/runbooks#[a-z]+"
    severity = "bug"
  }

  # Two installations may share a Prometheus: an alert says whose it is.
  aggregate ".+" {
    keep     = ["job"]
    severity = "bug"
  }
}

# One bad evaluation wakes nobody, and what has lasted three hours is told. Left out are alerts on what has grown in a quarter of an hour:
# their window is the patience, and a `for` would only make them late.
rule {
  match {
    kind = "alerting"
  }

  ignore {
    name = "DatabaseExhausted|JobsFailing|NPlusOneAppeared"
  }

  for {
    min      = "30s"
    max      = "3h"
    severity = "bug"
  }
}

rule {
  match {
    kind = "recording"
  }

  name "(job|instance):[a-z0-9_]+:[a-z0-9_]+" {
    comment  = "A recorded figure is named level:metric:operation."
    severity = "bug"
  }

  aggregate "job:.+" {
    keep     = ["job"]
    strip    = ["instance"]
    severity = "bug"
  }

  aggregate "instance:.+" {
    keep     = ["job", "instance"]
    severity = "bug"
  }
}

# Every exporter has these, Prometheus itself included: without a job they are added up over all of them.
rule {
  selector "process_(cpu_.+|resident_memory_bytes|virtual_memory_bytes|open_fds|max_fds|start_time_seconds)" {
    requiredLabels = ["job"]
    severity       = "bug"
  }
}

# With a Prometheus to ask.
rule {
  # The longest window of a burn rate.
  range_query {
    max      = "3d"
    severity = "bug"
  }

  # A rule gives one series for a job, an instance or an objective; many mean that a label of many values was kept.
  cost {
    maxSeries = 50
    severity  = "bug"
  }
}
