package mail

// Topic is what a kind of mail is about, as far as people can choose.
type Topic string

// The topics. What is about accounts and orders, so about security and money, is always sent.
const (
	TopicAccount   Topic = "account"
	TopicOrders    Topic = "orders"
	TopicReminders Topic = "reminders"
	TopicWork      Topic = "work"
	TopicFollowed  Topic = "followed"
)
