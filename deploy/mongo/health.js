// The health check of MongoDB, which mongosh runs in the container. It succeeds once the apps can log in to a primary.
// Until then it takes the next step of the setup: the replica set, the administrator, the apps' user. Every step can be
// repeated, so this also adds the users to data of an earlier version, which had none.
//
// Without any user, MongoDB lets a connection from localhost take the first two steps, and nothing else.
const { readFileSync } = require("node:fs");

const admin = db.getSiblingDB("admin");
const passwordIn = (folder) => readFileSync(`/secrets/${folder}/password`, "utf8").trim();
const APPS = { user: "parley", pwd: passwordIn("mongo"), roles: [{ role: "readWrite", db: "parley" }] };
const ADMIN = { user: "admin", pwd: passwordIn("mongo-admin"), roles: ["root"] };

function canLogIn({ user, pwd }) {
  try {
    admin.auth(user, pwd);
    return true;
  } catch (error) {
    if (error.codeName !== "AuthenticationFailed") throw error;
    return false;
  }
}

function isPrimary() {
  return db.hello().isWritablePrimary;
}

function createReplicaSetAndAdmin() {
  try {
    rs.status();
  } catch (error) {
    if (error.codeName === "Unauthorized")
      throw new Error("the administrator has another password: see Passwords in docs/operating.md", {
        cause: error,
      });
    if (error.codeName !== "NotYetInitialized") throw error;
    rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] });
  }
  if (isPrimary()) admin.createUser(ADMIN);
}

function setAppsUser() {
  if (admin.getUser(APPS.user)) admin.updateUser(APPS.user, { pwd: APPS.pwd });
  else admin.createUser(APPS);
}

const isHealthy = canLogIn(APPS);
if (!isHealthy) {
  const isAdmin = canLogIn(ADMIN);
  if (!isAdmin) createReplicaSetAndAdmin();
  if (isPrimary() && (isAdmin || canLogIn(ADMIN))) setAppsUser();
  // The next check logs in as the apps do.
}
quit(isHealthy && isPrimary() ? 0 : 1);
