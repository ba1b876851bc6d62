/** Tags in which neither npm's semver nor Flux's sees a version. */
export const noVersions: readonly string[] = [
  ...["latest", "v1.9", "1.9.31.4", "1.9.31-01", "1.9.31-rc_1", "v1.9.32develop2", "V1.9.31", "=1.9.31", "vv1.9.31"],
  "v 1.9.31",
];
