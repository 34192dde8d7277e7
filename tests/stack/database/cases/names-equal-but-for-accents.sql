CREATE TABLE `résumé` (a INT)

CREATE TABLE `resume` (a INT, b INT)

CREATE TABLE `résume` (c INT)

INSERT INTO `resume` VALUES (1, 2)
