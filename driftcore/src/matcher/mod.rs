//! Rules over events, and the alert that a match makes, in Falco's form. For now there is the one
//! rule that is built in: code that the image did not bring.

mod alert;
mod binary_drift;
mod condition;
mod format;

pub use alert::Alert;
pub use alert::Priority;
pub use binary_drift::BINARY_DRIFT;
pub use binary_drift::binary_drift;
pub use condition::Comparison;
pub use condition::Condition;
pub use condition::Constant;
pub use condition::Network;
pub use condition::Operand;
pub use condition::Order;
pub use condition::Relation;
pub use condition::Test;
pub use condition::TextTest;
pub use condition::Transformer;
pub use format::Format;
pub use format::Piece;
