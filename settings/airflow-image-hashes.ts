import type { AIRFLOW_IMAGE_PACKAGES } from "./versions";

/** SHA-256 of each wheel of the packages. Written by `npm run record:packages`. */
export const AIRFLOW_IMAGE_HASHES: Readonly<Record<(typeof AIRFLOW_IMAGE_PACKAGES)[number], readonly string[]>> = {
  "pymssql==2.4.6": [
    "3369b93e35d99cbdb428dd6a237b407abe825c889a7d983494e778c906d474b8",
    "4bfb91d65576ac7a7df91c62d976357827dadd9894fd4ba62d78f8cc040a5540",
    "9a195e7b84ecb9436e5f49e4ad26dd0dd2ed4775512e649762c29fb05ea13da3",
    "dd1e5a1af9508033ef14bb8d074cfbf6cf2a4e04aab09207e63c9d4b37e3c485",
  ],
  "pyodbc==5.5.0": [
    "04687c8179c7e583172b1315a32957d19d9df12e8197dccc9325002a9a19f813",
    "4ee64db80a3cdcf87be2234d3793833b324fbd11fbe738afdaba46ca478cac13",
    "e55adb931ae97b4753e519124d83fa53af8739e1a7de6fc972331369a25996e2",
    "e7610cdfc708ce20409bd9f34ee5abe70585fd19efb897127557eda95fb656a0",
  ],
  "azure-identity==1.27.0": [
    "92fd2a93c0d2f777dac6c04e5fd7d5734f6643582b983544ef66b4575844e46d",
  ],
  "azure-keyvault-secrets==4.12.0": [
    "ec5ff84ee0a045094e62d38e9b962769003e60fe7396d8dcf1ac4c78e7d010c6",
  ],
  "azure-core==1.41.0": [
    "522b4011e8180b1a3dcd2024396a4e7fe9ac37fb8597db47163d230b5efe892d",
  ],
  "isodate==0.7.2": [
    "28009937d8031054830160fce6d409ed342816b543597cece116d966c6d99e15",
  ],
  "msal==1.39.0": [
    "2d2577886906cd7293850dffa2da29119966c213bfc6ec0cecf8bf7621e1ca77",
  ],
  "msal-extensions==1.3.1": [
    "96d3de4d034504e969ac5e85bae8106c8373b5c6568e4c8fa7af2eca9dbe6bca",
  ],
};
