//! Keeping templates.

use uuid::Uuid;

use super::{Error, Notifications, Page, Prepared, TEMPLATES, TemplateRef};
use crate::commit::{Claim, ClaimKey, Commit, CommitError, Conflict, DocumentWrite, Expected};
use crate::context::Context;
use crate::id::{self, TemplateId, Tenant};
use crate::notification::template::name_key;
use crate::notification::{
    Template, TemplateCommand, TemplateDetails, TemplateRejection, TemplateView, default_templates,
};
use crate::repository::{ATTEMPTS, Decided};
use crate::store::Query;
use crate::stream::StreamId;
use crate::value::Violation;

/// The scope of the claims by which the names of templates are unique.
pub const TEMPLATE_NAMES: &str = "template-name";
/// The name space of the ids of default templates.
const DEFAULTS: Uuid = Uuid::from_u128(0x6f0d_53c4_6c1e_4a6b_9d52_1b7f_8f7c_2a90);

impl Notifications {
    /// Makes a template. Its id is the context's first.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong; [`Error::NameTaken`].
    pub async fn create_template(
        &self,
        context: &Context,
        details: TemplateDetails,
    ) -> Result<TemplateView, Error> {
        self.execute_template(TemplateId(context.new_id(0)), TemplateCommand::Create(details), context).await
    }

    /// Replaces all that a template is made of.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong; [`Error::NameTaken`]; [`TemplateRejection::NotFound`].
    pub async fn update_template(
        &self,
        context: &Context,
        id: TemplateId,
        details: TemplateDetails,
    ) -> Result<TemplateView, Error> {
        self.execute_template(id, TemplateCommand::Update(details), context).await
    }

    /// Lets a template be used.
    ///
    /// # Errors
    /// [`TemplateRejection::NotFound`]; otherwise what the store said.
    pub async fn activate_template(&self, context: &Context, id: TemplateId) -> Result<TemplateView, Error> {
        self.execute_template(id, TemplateCommand::Activate, context).await
    }

    /// Lets a template be used no more. Reactions by this name make no notification then.
    ///
    /// # Errors
    /// [`TemplateRejection::NotFound`]; otherwise what the store said.
    pub async fn deactivate_template(
        &self,
        context: &Context,
        id: TemplateId,
    ) -> Result<TemplateView, Error> {
        self.execute_template(id, TemplateCommand::Deactivate, context).await
    }

    /// A template as it is.
    ///
    /// # Errors
    /// [`TemplateRejection::NotFound`]; otherwise what the store said.
    pub async fn template(&self, tenant: &Tenant, id: TemplateId) -> Result<TemplateView, Error> {
        let loaded = self.templates.load(tenant, &id).await?;
        loaded.state.view(id, loaded.version).ok_or(Error::Template(TemplateRejection::NotFound))
    }

    /// Every template, in the order of their ids; `cursor` is the last page's.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the cursor is none of ours; otherwise what the store said.
    pub async fn templates(
        &self,
        tenant: &Tenant,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<TemplateView>, Error> {
        let mut query = Query::of(tenant, TEMPLATES).limit(limit.saturating_add(1));
        if let Some(cursor) = cursor {
            let invalid = |_| {
                let detail = "must be a next_cursor that was answered before";
                Error::Invalid(vec![Violation::new("/cursor", "invalid_cursor", detail)])
            };
            query = query.after(cursor.parse::<TemplateId>().map_err(invalid)?.to_string());
        }
        let documents = self.store.documents(&query).await?;
        let more = documents.len() > limit;
        let items = documents.iter().take(limit).map(|document| document.json());
        let items = items.collect::<Result<Vec<TemplateView>, _>>()?;
        let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
        Ok(Page { items, next_cursor })
    }

    /// Makes those of the [default templates](default_templates) whose names are free, so that operators see and
    /// change them. Reactions need it not: without a template of their name they use the default. Answers how many
    /// it made.
    ///
    /// # Errors
    /// What the store said.
    pub async fn install_default_templates(&self, context: &Context) -> Result<usize, Error> {
        let mut made = 0;
        for details in default_templates() {
            let id = TemplateId(id::named(&DEFAULTS, details.name.as_bytes()));
            match self.execute_template(id, TemplateCommand::Create(details), context).await {
                Ok(_) => made += 1,
                Err(Error::NameTaken { .. } | Error::Template(TemplateRejection::AlreadyExists)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }

    /// The template, or the fault of whoever named it.
    pub(super) async fn usable_template(
        &self,
        tenant: &Tenant,
        template: &TemplateRef,
    ) -> Result<Result<(TemplateId, TemplateDetails), Violation>, Error> {
        let found = match template {
            TemplateRef::Id(id) => match self.template(tenant, *id).await {
                Ok(view) => Some(view),
                Err(Error::Template(TemplateRejection::NotFound)) => None,
                Err(error) => return Err(error),
            },
            TemplateRef::Name(name) => self.template_named(tenant, name).await?,
        };
        let fault = |code, detail| Err(Violation::new(template.pointer(), code, detail));
        Ok(match found {
            None => fault("template_not_found", "there is no such template"),
            Some(view) if !view.active => fault("template_inactive", "the template is not active"),
            Some(view) => Ok((view.id, view.details)),
        })
    }

    pub(super) async fn template_named(
        &self,
        tenant: &Tenant,
        name: &str,
    ) -> Result<Option<TemplateView>, Error> {
        let query = Query::of(tenant, TEMPLATES).equals("name", name_key(name)).limit(1);
        let found = self.store.documents(&query).await?;
        Ok(found.first().map(|document| document.json()).transpose()?)
    }

    /// The details, if they and both templates can be used.
    fn checked(&self, details: TemplateDetails) -> Result<TemplateDetails, Error> {
        let texts = [
            ("/subject_template", details.subject_template.clone()),
            ("/body_template", details.body_template.clone()),
        ];
        let unreadable = texts.into_iter().filter_map(|(pointer, text)| {
            let error = self.renderer.check(&text).err()?;
            Some(Violation::new(pointer, error.code(), error.to_string()))
        });
        let mut faults: Vec<Violation> = unreadable.collect();
        match details.checked() {
            Ok(details) if faults.is_empty() => Ok(details),
            Ok(_) => Err(Error::Invalid(faults)),
            Err(more) => {
                faults.extend(more);
                Err(Error::Invalid(faults))
            }
        }
    }

    /// Decides a command, for a commit that the caller makes and may add to. When that meets a claim of
    /// [`TEMPLATE_NAMES`], the name is taken.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong; the template's rejection; otherwise what the store said.
    pub async fn prepare_template(
        &self,
        context: &Context,
        id: TemplateId,
        command: TemplateCommand,
    ) -> Result<Prepared<TemplateView>, Error> {
        let command = match command {
            TemplateCommand::Create(details) => TemplateCommand::Create(self.checked(details)?),
            TemplateCommand::Update(details) => TemplateCommand::Update(self.checked(details)?),
            command => command,
        };
        for _ in 0..ATTEMPTS {
            let before = self.templates.load(context.tenant(), &id).await?;
            let decided = self.templates.decide(&id, command.clone(), context).await?;
            // Another wrote between the two reads: the old name, which is given back, would be the wrong one.
            if before.version != decided.before {
                continue;
            }
            let not_found = || Error::Template(TemplateRejection::NotFound);
            let view = decided.state.view(id, decided.version).ok_or_else(not_found)?;
            let commit = Commit::within(context);
            let unchanged = decided.events.is_empty();
            let commit =
                if unchanged { commit } else { with_template(&decided, &view, &before.state, commit)? };
            return Ok(Prepared { view, before: decided.before, commit });
        }
        Err(Error::Conflict(Conflict::Stream {
            stream: StreamId::of::<Template>(&id),
            expected: 0,
            actual: self.templates.load(context.tenant(), &id).await?.version,
        }))
    }

    async fn execute_template(
        &self,
        id: TemplateId,
        command: TemplateCommand,
        context: &Context,
    ) -> Result<TemplateView, Error> {
        let mut attempt = 1;
        loop {
            let Prepared { view, commit, .. } = self.prepare_template(context, id, command.clone()).await?;
            if commit.is_empty() {
                return Ok(view);
            }
            match self.store.commit(commit).await {
                Ok(_) => return Ok(view),
                Err(CommitError::Conflict(Conflict::Claim { .. })) => {
                    return Err(Error::NameTaken { name: view.details.name });
                }
                Err(CommitError::Conflict(Conflict::Stream { .. })) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The commit with the decision's events, the document, and the claim of a new name in exchange for the old one.
fn with_template(
    decided: &Decided<Template>,
    view: &TemplateView,
    before: &Template,
    commit: Commit,
) -> Result<Commit, Error> {
    let mut commit = decided.write_to(commit)?;
    let (name, old) = (name_key(&view.details.name), before.details().map(|details| name_key(&details.name)));
    if old.as_ref() != Some(&name) {
        commit = commit.claim(Claim::new(TEMPLATE_NAMES, name.clone()));
        if let Some(old) = old {
            commit = commit.release(ClaimKey::new(TEMPLATE_NAMES, old));
        }
    }
    let write = DocumentWrite::json(TEMPLATES, view.id.to_string(), Expected::Any, view)?;
    Ok(commit.document(write.field("name", name)))
}
