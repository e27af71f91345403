import type { Fault } from "../fault";

/** Defects in the scripts that the bootstrap jobs run. */
export const BOOTSTRAP_FAULTS: readonly Fault[] = [
  {
    name: "push-with-force",
    about: "publish-model overwrites what somebody pushed meanwhile",
    file: "bootstrap/payload/git_cli.py",
    from: '["push", "--porcelain",',
    to: '["push", "--force", "--porcelain",',
    caughtBy: { suite: "payload", test: "test_publish_model.Disturbed.test_lost_race_seen_before_the_transfer" },
  },
  {
    name: "token-for-every-server",
    about: "git sends the token to whatever server it is led to",
    file: "bootstrap/payload/git_cli.py",
    from: 'f"credential.{self.base_url}.helper"',
    to: '"credential.helper"',
    caughtBy: { suite: "payload", test: "test_publish_model.Settled.test_another_host_that_git_is_led_to_never_gets_the_token" },
  },
  {
    name: "token-in-the-log",
    about: "what git says is shown as it is, with the token in it",
    file: "bootstrap/payload/outcome.py",
    from: "        text = text.replace(form, _MASK)\n",
    to: "        pass\n",
    caughtBy: { suite: "payload", test: "test_outcome.Redaction.test_every_form" },
  },
  {
    name: "release-at-every-run",
    about: "publish-model makes a release at each run: every deployment regenerates the DAGs",
    file: "bootstrap/payload/github_api.py",
    from: "if live and live.commit == commit and _is_newest(live.tag, releases):",
    to: "if False:",
    caughtBy: { suite: "payload", test: "test_publish_model.Settled.test_second_run_does_nothing" },
  },
  {
    name: "old-dags-stay",
    about: "publish-dag forgets what it has published, and leaves DAGs that are no longer generated",
    file: "bootstrap/payload/publish_dag.py",
    from: "paths = [f\"{FOLDER}/{name}\" for name in (*dags, MANIFEST)]",
    to: "paths = [f\"{FOLDER}/{name}\" for name in dags]",
    caughtBy: { suite: "payload", test: "test_publish_dag.Published.test_dag_that_is_no_longer_emitted_is_removed" },
  },
  {
    name: "refusal-that-is-retried",
    about: "a token without rights is tried for an hour instead of refused",
    file: "bootstrap/payload/outcome.py",
    from: "REFUSED = 3",
    to: "REFUSED = 1",
    caughtBy: { suite: "payload", test: "test_outcome.Running.test_codes" },
  },
];
