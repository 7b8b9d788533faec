//! `/etc/passwd` and `/etc/group`: Debian's, and the users of the manifest.

use super::spec::User;

/// Who is there where no package brings the lists.
pub(super) const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
                                 nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
pub(super) const GROUP: &str = "root:x:0:\ntty:x:5:\nstaff:x:50:\nnogroup:x:65534:\n";

/// The accounts of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accounts {
    pub(super) passwd: String,
    pub(super) group: String,
}

impl Accounts {
    /// Adds `users`; one of a name that is there replaces it.
    pub(super) fn add(&mut self, users: &[User]) {
        for User { name, uid, gid, home, shell } in users {
            without(&mut self.passwd, name);
            let line = format!("{name}:x:{uid}:{gid}:{name}:{home}:{shell}\n");
            self.passwd.push_str(&line);
            if !self.group.lines().any(|line| line.split(':').nth(2) == Some(&gid.to_string())) {
                without(&mut self.group, name);
                let line = format!("{name}:x:{gid}:\n");
                self.group.push_str(&line);
            }
        }
    }

    /// The numbers of `USER` or `USER:GROUP`, each a name or a number.
    pub(super) fn ids(&self, owner: &str) -> Result<(u32, u32), String> {
        let (user, group) = match owner.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (owner, None),
        };
        let no_user = || format!("there is no user `{user}` in the image");
        let line = self.passwd.lines().find(|line| line.split(':').next() == Some(user));
        let field = |at: usize| line.and_then(|line| line.split(':').nth(at)?.parse().ok());
        let uid: u32 = user.parse().ok().or_else(|| field(2)).ok_or_else(no_user)?;
        let gid = match group {
            None => field(3).unwrap_or(uid),
            Some(group) => {
                let line = self.group.lines().find(|line| line.split(':').next() == Some(group));
                let known = line.and_then(|line| line.split(':').nth(2)?.parse().ok());
                let none = || format!("there is no group `{group}` in the image");
                group.parse().ok().or(known).ok_or_else(none)?
            }
        };
        Ok((uid, gid))
    }

    /// The home of the user with that number; `/` for one that has none.
    pub(super) fn home(&self, uid: u32) -> String {
        let uid = uid.to_string();
        let mut lines = self.passwd.lines().map(|line| line.split(':'));
        let home = lines.find_map(|mut fields| (fields.nth(2)? == uid).then(|| fields.nth(2))?);
        home.filter(|home| !home.is_empty()).unwrap_or("/").to_owned()
    }
}

fn without(list: &mut String, name: &str) {
    let other = |line: &&str| line.split(':').next() != Some(name);
    *list = list.split_inclusive('\n').filter(other).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_added_and_found_by_name_and_number() {
        let mut accounts = Accounts { passwd: PASSWD.to_owned(), group: GROUP.to_owned() };
        let user = |gid| User {
            name: "worker".into(),
            uid: 1000,
            gid,
            home: "/home/worker".into(),
            shell: "/bin/bash".into(),
        };
        accounts.add(&[user(1000)]);
        accounts.add(&[user(1000)]);
        assert_eq!(accounts.passwd.matches("worker:x:1000:1000:").count(), 1);
        assert_eq!(accounts.group.matches("worker:x:1000:").count(), 1);
        for (owner, expected) in
            [("worker", (1000, 1000)), ("worker:tty", (1000, 5)), ("7", (7, 7)), ("0:50", (0, 50))]
        {
            assert_eq!(accounts.ids(owner), Ok(expected), "{owner}");
        }
        assert!(accounts.ids("x").is_err() && accounts.ids("root:x").is_err());
    }
}
