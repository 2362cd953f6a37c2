//! Leaving a pair of spaces behind for another: at once, with a copy of everything, or not at all.

use entwine_core::id::SpaceId;
use entwine_core::membership::MembershipChain;

use super::document::PendingChange;
use super::{SpaceSettings, Storage, StorageError};

/// All changes of one document, for the space that it is copied into.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) space: SpaceId,
    pub(crate) name: String,
    pub(crate) changes: Vec<PendingChange>,
}

impl Storage {
    /// Takes new spaces in with their copies, archives the old ones, and ends an intent.
    pub(crate) async fn replace_spaces(
        &self,
        new: &[(&MembershipChain, &impl SpaceSettings)],
        copies: &[Copy],
        old: &[SpaceId],
        intent: Option<&'static str>,
    ) -> Result<(), StorageError> {
        let mut transaction = self.begin().await?;
        for (chain, settings) in new {
            self.insert_space(&mut transaction, chain, *settings).await?;
        }
        for copy in copies {
            let index = self.document_index(&copy.space, &copy.name, 0);
            self.touch_document(&mut transaction, &copy.space, &index, &copy.name, 0).await?;
            for change in &copy.changes {
                self.insert_pending(&mut transaction, &copy.space, &index, change, 0).await?;
            }
        }
        for space in old {
            sqlx::query("UPDATE space SET archived = 1 WHERE space = ?")
                .bind(space.as_bytes().as_slice())
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query("DELETE FROM intent WHERE kind = ?")
            .bind(intent.unwrap_or_default())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}
