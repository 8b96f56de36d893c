package mail

// Topic is what a kind of mail is about, as its reader sees it.
type Topic string

// The topics. Mails about an account and about money always go out; people can switch the others off.
const (
	TopicAccount   Topic = "account"   // access to the account, and where and what its creator is paid
	TopicOrders    Topic = "orders"    // what was paid, given back and unlocked
	TopicReminders Topic = "reminders" // what ends soon
	TopicWork      Topic = "work"      // what was decided about a creator's listings
	TopicFollowed  Topic = "followed"  // what followed creators do
)
