/** Values that the deployment sets although the chart's default is the same, each with its reason. */
export const SAME_AS_DEFAULT: Readonly<Record<string, string>> = {
  executor: "roles, redis and workers follow from it",
  "config.core.auth_manager": "airflow-migrate and airflow-admin make this manager's tables and user: another one would know nobody",
  "images.gitSync.repository": "images are pinned by settings/versions.ts, not by the chart",
  "images.gitSync.tag": "images are pinned by settings/versions.ts, not by the chart",
  "images.redis.repository": "images are pinned by settings/versions.ts, not by the chart",
  "images.redis.tag": "images are pinned by settings/versions.ts, not by the chart",
  "images.statsd.repository": "images are pinned by settings/versions.ts, not by the chart",
  "images.statsd.tag": "images are pinned by settings/versions.ts, not by the chart",
  "images.pgbouncer.repository": "images are pinned by settings/versions.ts, not by the chart",
  "images.pgbouncer.tag": "images are pinned by settings/versions.ts, not by the chart",
  "images.pgbouncerExporter.repository": "images are pinned by settings/versions.ts, not by the chart",
  "images.pgbouncerExporter.tag": "images are pinned by settings/versions.ts, not by the chart",
};

/** Values whose removal may leave the render as it is, each with its reason. */
export const MAY_HAVE_NO_EFFECT: Readonly<Record<string, string>> = {
  airflowVersion: "chart 1.21.0 only asks whether it is 3; the next chart may ask more, and its own default is another version than the image's",
  "postgresql.enabled": "a sub-chart that is a stub has nothing to switch off; the real one makes a database server",
};
