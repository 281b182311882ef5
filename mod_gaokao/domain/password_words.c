/* domain/password_words.c: see password_words.h.
 *
 * OWASP ASVS 5.0 (6.2.4) wants a list of at least the 3,000 most used passwords that the rules for length would let
 * pass. A list of whole passwords misses the next year and the next digit, so these are the words that such lists are
 * made of: each stands for itself, for itself twice, and for all it becomes by up to eight digits or signs before and
 * behind and by the usual signs for letters. test_password counts what that makes of well-known ones. */
#include "domain/password_words.h"

const char *const gk_password_words[] = {
    /* keyboards */
    "qwertyuiop", "qwertyui", "qwerty", "qwert", "qwer", "asdfghjkl", "asdfgh", "asdfg", "asdf", "zxcvbnm",
    "zxcvbn", "zxcvb", "zxcv", "qazwsxedc", "qazwsx", "1qaz2wsx3edc", "1qaz2wsx", "1qaz", "2wsx", "zaq12wsx",
    "zaq1", "1q2w3e4r5t", "1q2w3e4r", "1q2w3e", "q1w2e3r4", "qweasdzxc", "qweasd", "asdqwe", "qwaszx", "poiuyt",
    "lkjhgf", "mnbvcxz", "147258369", "159357456", "159357", "789456123", "741852963", "963852741", "123qwe",
    "123456qwerty", "1234qwer", "12345qwert", "asd123", "qwe123", "zxc123", "abc123", "abcd1234", "a1b2c3d4",
    "a1b2c3", "aabbcc", "abcdef", "abcdefg", "abcdefgh", "abcd", "abc", "aaa", "qqq", "zzz", "xxx", "123456789",
    "1234567890", "12345678", "1234567", "123456", "12345", "123123", "321321", "654321", "987654321", "87654321",
    "112233", "11223344", "1122334455", "121212", "131313", "123321", "1234321", "147147", "258258", "147852",
    "123654", "456789", "111222", "222333", "666888", "888666", "168168", "518518", "112112", "110110", "119119",
    "120120", "10086", "10010", "12306", "95588", "31415926", "3141592", "314159", "271828", "19491001", "20080808",
    "00000000", "11111111", "66666666", "88888888", "99999999", "147896325", "258369", "159753", "753951", "852456",
    /* English */
    "password", "passwort", "passwd", "passw0rd", "passcode", "passme", "pass", "letmein", "welcome", "login",
    "access", "secret", "changeme", "default", "admin", "administrator", "root", "toor", "guest", "user", "test",
    "testing", "tester", "temp", "demo", "master", "manager", "operator", "system", "server", "oracle", "mysql",
    "postgres", "database", "computer", "internet", "windows", "microsoft", "google", "apple", "iphone", "samsung",
    "huawei", "xiaomi", "tencent", "alibaba", "taobao", "weixin", "wechat", "baidu", "alipay", "douyin", "bilibili",
    "iloveyou", "ilovey0u", "loveyou", "lovely", "love", "lover", "forever", "sunshine", "princess", "prince",
    "angel", "baby", "babygirl", "sweet", "sweetie", "honey", "flower", "butterfly", "rainbow", "summer", "winter",
    "spring", "autumn", "monday", "friday", "sunday", "january", "december", "football", "baseball", "basketball",
    "soccer", "hockey", "tennis", "volleyball", "pingpong", "badminton", "superman", "batman", "spiderman", "ironman",
    "pokemon", "pikachu", "naruto", "onepiece", "doraemon", "minecraft", "starwars", "matrix", "dragon", "phoenix",
    "tiger", "monkey", "shadow", "killer", "hunter", "ranger", "freedom", "whatever", "trustno1", "nothing",
    "hello", "helloworld", "goodluck", "goodbye", "lucky", "happy", "smile", "cheese", "chocolate", "cookie",
    "banana", "orange", "cherry", "pepper", "ginger", "purple", "yellow", "silver", "golden", "diamond", "crystal",
    "michael", "michelle", "jessica", "jennifer", "ashley", "nicole", "daniel", "andrew", "joshua", "matthew",
    "anthony", "william", "robert", "thomas", "george", "jordan", "harley", "charlie", "maggie", "buster", "thunder",
    "mustang", "corvette", "ferrari", "mercedes", "porsche", "yamaha", "honda", "chelsea", "arsenal", "liverpool",
    "barcelona", "realmadrid", "juventus", "kobe", "james", "messi", "ronaldo", "beckham", "zidane", "school",
    "student", "teacher", "college", "university", "family", "mother", "father", "sister", "brother", "friend",
    "friends", "jesus", "heaven", "blessed", "trinity", "liberty", "america", "england", "canada", "australia",
    "london", "newyork", "paris", "tokyo", "asshole", "fuckyou", "fuckme", "bitch", "playboy", "pussy",
    "correcthorsebatterystaple", "correcthorse",
    /* Chinese by pinyin, and the numbers that sound like words */
    "woaini", "woaini1314", "woaini520", "woaini521", "woainiyibeizi", "woailaopo", "woailaogong", "woaibaba",
    "woaimama", "woaiwojia", "woaizhongguo", "woshishui", "woshitiancai", "woyaokao", "woyaoshangdaxue", "wodemima",
    "wodeai", "wobuzhidao", "wangjimima", "mima", "mimamima", "nishishui", "nihao", "nihaoma", "aini", "ainimen",
    "laopo", "laogong", "baobei", "baobao", "qinaide", "xiaobao", "xiaoming", "xiaohong", "xiaolong", "xiaoyu",
    "jiayou", "jiayoujiayou", "gaokao", "gaokaojiayou", "gaosan", "gaozhong", "daxue", "beida", "qinghua", "tsinghua",
    "zhongguo", "zhonghua", "china", "beijing", "shanghai", "guangzhou", "shenzhen", "hunan", "changsha", "zhuzhou",
    "xiangtan", "hengyang", "shaoyang", "yueyang", "changde", "zhangjiajie", "yiyang", "chenzhou", "yongzhou",
    "huaihua", "loudi", "xiangxi", "wuhan", "chengdu", "chongqing", "nanjing", "hangzhou", "zhejiang", "guangdong",
    "xuexiao", "xuesheng", "laoshi", "jiaoshi", "xuexi", "haohaoxuexi", "tiantianxiangshang", "baoming", "zhaosheng",
    "zhaoban", "kaoshi", "kaoshiyuan", "kaosheng", "jiaoyu", "jiaoyuju", "fafafa", "gongxifacai", "wanshiruyi",
    "shengri", "shengrikuaile", "kuaile", "xingfu", "pingan", "mingtian", "taiyang", "yueliang", "tiankong", "haohao",
    "wangwei", "wangfang", "wangjing", "wangli", "wanglei", "wangjun", "wangyang", "wangqiang", "wangyan", "liwei",
    "lijing", "liqiang", "lilei", "lijun", "liyang", "lina", "lifang", "liming", "hanmeimei", "zhangwei",
    "zhangmin", "zhanglei", "zhangli", "zhangjing", "zhangjie", "zhangyan", "zhangyong", "zhangsan", "lisi",
    "wangwu", "zhaoliu", "liuwei", "liuyang", "liujing", "liufang", "chenwei", "chenjing", "chenjie", "yangyang",
    "yangjing", "huangwei", "zhouwei", "zhoujielun", "wujing", "xuwei", "sunwei", "zhuwei", "linjing", "hejing",
    "gaofei", "luowei", "5201314", "1314520", "520520", "521521", "1314", "7758521", "7758258", "584520", "584521",
    "201314", "2013520", "52013", "aa123456", "a123456", "a12345", "q123456", "w123456", "z123456", "123456a",
    "123456q", "123456abc", "abc123456", "qq123456", "zx123456", "wang123", "zhang123", "chen123", "liu123",
    /* Chinese as it is written */
    "我爱你", "密码", "我的密码", "你好", "中国", "高考", "高考加油", "加油", "湖南", "长沙", "北大", "清华", "老师",
    "学校", "一二三四五六", "一二三四", "天天向上", "好好学习", "生日快乐", "新年快乐",
};
const int gk_password_word_count = sizeof(gk_password_words) / sizeof(gk_password_words[0]);
