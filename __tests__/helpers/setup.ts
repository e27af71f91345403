// Before each test file: no test depends on the variables of the person who runs it.
import { BACKEND_VARIABLE, ENVIRONMENT_VARIABLE, FIELD_OF_VARIABLE } from "../../settings/environment-variables";

for (const variable of [...Object.keys(FIELD_OF_VARIABLE), ENVIRONMENT_VARIABLE, BACKEND_VARIABLE]) {
  delete process.env[variable];
}
